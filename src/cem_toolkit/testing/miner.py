"""What every miner has to do."""
# ruff: noqa: S101 (to assert is what it is for)

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from cem_toolkit.records import Attempt, Mistake
from cem_toolkit.roles import Component, Context, Miner
from cem_toolkit.testing.component import ComponentTests
from cem_toolkit.testing.examples import example_attempts
from cem_toolkit.testing.whole import check_known, check_records


class MinerTests(ComponentTests):
    """Checks of a miner, with `attempts` to mine."""

    component: ClassVar[type[Miner]]
    role: ClassVar[type[Component]] = Miner

    def attempts(self) -> Sequence[Attempt]:
        """Right and wrong answers."""
        return example_attempts()

    def work(self, component: Miner, ctx: Context) -> list[dict[str, Any]]:
        return [mistake.to_json() for mistake in component.mine(self.attempts(), ctx)]

    def mine(self, attempts: Sequence[Attempt], folder: Path) -> list[Mistake]:
        return list(self.make().mine(attempts, self.context(folder)))

    def test_finds_mistakes(self, tmp_path: Path) -> None:
        assert self.mine(self.attempts(), tmp_path), "finds no mistake among the suite's attempts"

    def test_no_attempts_give_no_mistakes(self, tmp_path: Path) -> None:
        found = self.mine([], tmp_path)
        assert not found, f"finds {len(found)} mistakes in no attempts"

    def test_right_answers_are_no_mistakes(self, tmp_path: Path) -> None:
        found = self.mine([attempt for attempt in self.attempts() if attempt.correct], tmp_path)
        assert not found, f"takes right answers for mistakes: {found[0].question}" if found else ""

    def test_mistakes_are_whole(self, tmp_path: Path) -> None:
        found = self.mine(self.attempts(), tmp_path)
        check_records(found, Mistake)
        for mistake in found:
            assert all(query.strip() for query in mistake.queries), f"mistake {mistake.id}: has an empty query"

    def test_mistakes_are_of_given_attempts(self, tmp_path: Path) -> None:
        given = {(attempt.id, attempt.task): attempt for attempt in self.attempts()}
        found = self.mine(list(given.values()), tmp_path)
        check_known("attempts", (mistake.attempt_id for mistake in found), (key for key, _ in given))
        for mistake in found:
            attempt = given.get((mistake.attempt_id, mistake.task))
            assert attempt, f"mistake {mistake.id}: its attempt has another task than {mistake.task!r}"
            assert mistake.question == attempt.question, f"mistake {mistake.id}: has another question than its attempt"

    def test_queries_do_not_know_the_right_answer(self, tmp_path: Path) -> None:
        queries, others = (
            {mistake.attempt_id: mistake.queries for mistake in self.mine(attempts, tmp_path / name)}
            for name, attempts in (("one", self.attempts()), ("two", list(map(_with_another_key, self.attempts()))))
        )
        changed = [key for key in queries.keys() & others.keys() if queries[key] != others[key]]
        assert not changed, (
            f"queries change with the right answer: {queries[changed[0]]} and {others[changed[0]]}" if changed else ""
        )


def _with_another_key(attempt: Attempt) -> Attempt:
    """The same question and answer, if something else had been right."""
    if attempt.correct:
        return attempt
    others = [choice for choice in attempt.choices if choice not in (attempt.gold, attempt.answer)]
    if attempt.choices and not others:
        return attempt
    gold = others[0] if others else "something else altogether"
    return dataclasses.replace(attempt, gold=gold, completion=f" {gold}")
