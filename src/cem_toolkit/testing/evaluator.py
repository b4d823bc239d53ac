"""What every evaluator has to do."""
# ruff: noqa: S101 (to assert is what it is for)

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from unittest import SkipTest

from cem_toolkit.errors import CemError
from cem_toolkit.records import Attempt
from cem_toolkit.roles import Component, Context, Evaluator
from cem_toolkit.testing.examples import example_attempts
from cem_toolkit.testing.models import ModelTests
from cem_toolkit.testing.whole import check_known, check_records

PAIRS = [("The capital of France is", [" Paris", " a city"]), ("", ["Lions live in Africa."])]


class EvaluatorTests(ModelTests):
    """Checks of an evaluator, with a tiny model and with tasks from `write_tasks`."""

    component: ClassVar[type[Evaluator]]
    role: ClassVar[type[Component]] = Evaluator
    _tasks: Sequence[str] = ()

    def questions(self) -> Sequence[Mapping[str, Any]]:
        """Multiple-choice questions, each with `question`, `choices` and the index of the right one, `answer`."""
        asked = (attempt for attempt in example_attempts() if attempt.choices)
        return [
            {"question": each.question, "choices": list(each.choices), "answer": each.choices.index(each.gold)}
            for each in asked
        ]

    def write_tasks(self, folder: Path, questions: Sequence[Mapping[str, Any]]) -> Sequence[str]:
        """Makes tasks of `questions` below `folder` and returns their names as the configuration would have them; here
        one question file. An evaluator that has tasks of its own may return some of those."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "questions.jsonl"
        file.write_text("".join(f"{json.dumps(row)}\n" for row in questions), encoding="utf-8")
        return [str(file)]

    def context(self, folder: Path, **changes: Any) -> Context:
        """With the tasks written beside it."""
        self._tasks = self.write_tasks(folder / "tasks", self.questions())
        return super().context(folder, **changes)

    def evaluate(self, component: Evaluator, ctx: Context) -> list[Attempt]:
        component.check_tasks(self._tasks, ctx)
        return list(component.evaluate(self._tasks, ctx))

    def work(self, component: Evaluator, ctx: Context) -> list[dict[str, Any]]:
        return [attempt.to_json() for attempt in self.evaluate(component, ctx)]

    def test_unknown_tasks_are_refused(self, tmp_path: Path) -> None:
        try:
            self.make().check_tasks(["no-such-task"], self.context(tmp_path))
        except CemError as error:
            assert "no-such-task" in str(error), f"the error should name the task: {error}"
        else:
            raise AssertionError("check_tasks says nothing of the task 'no-such-task': raise a CemError")

    def test_a_task_s_fingerprint_is_that_of_its_questions(self, tmp_path: Path) -> None:
        evaluator, ctx, tasks = self.make(), self.context(tmp_path), self._tasks
        mark, count = evaluator.fingerprint_tasks(tasks, ctx), evaluator.count_questions(tasks, ctx)
        assert isinstance(mark, str) and mark, f"fingerprint_tasks should return a text, not {mark!r}"
        assert self.make().fingerprint_tasks(tasks, ctx) == mark, "fingerprint_tasks changes though no question did"
        fewer, other = self.write_tasks(tmp_path / "fewer", self.questions()[:-1]), self.make()
        if other.count_questions(fewer, ctx) == count:
            raise SkipTest("its tasks are not made of the suite's questions, which could be changed")
        assert other.fingerprint_tasks(fewer, ctx) != mark, "fingerprint_tasks stays though a question was taken out"

    def test_every_question_is_answered_once(self, tmp_path: Path) -> None:
        evaluator, ctx = self.make(), self.context(tmp_path)
        attempts = self.evaluate(evaluator, ctx)
        assert attempts, "gives no attempts"
        for task, found in Counter(attempt.task for attempt in attempts).items():
            ids = {attempt.id for attempt in attempts if attempt.task == task}
            assert len(ids) == found, f"task {task}: gives a question twice"
        counted = evaluator.count_questions(self._tasks, ctx)
        expected = sum(questions for questions, _ in counted.values())
        assert len(attempts) == expected, f"gives {len(attempts)} attempts, and count_questions says {expected}"

    def test_attempts_are_whole(self, tmp_path: Path) -> None:
        attempts = self.evaluate(self.make(), self.context(tmp_path))
        check_records({(each.task, each.id): each for each in attempts}.values(), Attempt)
        for each in attempts:
            who = f"attempt {each.id} ({each.question})"
            assert each.task and each.question.strip(), f"{who}: has no task or no question"
            assert each.split == "", f"{who}: split is given by the core"
            assert each.prompt.strip() and each.completion.strip(), f"{who}: has no prompt or no completion"
            if each.choices:
                assert each.gold in each.choices, f"{who}: gold is none of its choices: {each.gold!r}"
                assert each.answer in each.choices, f"{who}: answer is none of its choices: {each.answer!r}"
                assert len(each.scores) in (0, len(each.choices)), f"{who}: has {len(each.scores)} scores"

    def test_wanted_questions_are_asked(self, tmp_path: Path) -> None:
        some = self.evaluate(self.make(), self.context(tmp_path / "all"))[::2]
        wanted = frozenset(attempt.id for attempt in some)
        found = self.evaluate(self.make(), self.context(tmp_path / "some", only=wanted))
        check_known("questions of ctx.only", wanted, (attempt.id for attempt in found))

    def test_scores_are_log_likelihoods(self, tmp_path: Path) -> None:
        evaluator, ctx = self.make(), self.context(tmp_path)
        try:
            nothing, scores = evaluator.score([], ctx), evaluator.score(PAIRS, ctx)
        except NotImplementedError as error:
            raise SkipTest(str(error)) from None
        assert list(nothing) == [], "score([]) should be empty"
        assert [len(each) for each in scores] == [len(each) for _, each in PAIRS], "score gives other numbers of scores"
        every = [value for each in scores for value in each]
        assert all(math.isfinite(value) and value <= 0 for value in every), f"are no log-likelihoods: {every}"

    def test_texts_are_generated(self, tmp_path: Path) -> None:
        evaluator, ctx, prompts = self.make(), self.context(tmp_path), [prompt for prompt, _ in PAIRS if prompt]
        try:
            nothing, texts = evaluator.generate([], 4, ctx), evaluator.generate(prompts, 4, ctx)
        except NotImplementedError as error:
            raise SkipTest(str(error)) from None
        assert list(nothing) == [], "generate([]) should be empty"
        assert [type(text) for text in texts] == [str] * len(prompts), f"generate should give a text a prompt: {texts}"
        assert evaluator.generate(prompts, 4, ctx) == texts, "generate is greedy, and gives other texts the next time"
