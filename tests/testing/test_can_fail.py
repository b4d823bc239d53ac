"""A check that cannot fail is worth nothing: each is shown a component that breaks its rule."""

import dataclasses
import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import Field
from tests.testing.good import (
    ENTRIES,
    GlossaryOptions,
    GoodEvaluator,
    GoodMiner,
    GoodMixer,
    GoodRewriter,
    GoodSource,
    GoodTrainer,
    toy_model,
)

import toy
from cem_toolkit.api import Hit, Rewrite, Row
from cem_toolkit.testing import ComponentTests, EvaluatorTests, TrainerTests
from cem_toolkit.testing.running import SUITES, check_names, run_check

GOOD = {
    "source": GoodSource,
    "miner": GoodMiner,
    "rewriter": GoodRewriter,
    "mixer": GoodMixer,
    "evaluator": GoodEvaluator,
    "trainer": GoodTrainer,
}
TIMES = itertools.count()


class Undescribed(GlossaryOptions):
    more: int = 1


class BadDefault(GlossaryOptions):
    more: int = Field(0, ge=1, description="At least one, and the default is none.")


class Lossy(GlossaryOptions):
    more: Any = Field((1, 2), description="A tuple, which JSON makes a list.")


class Permissive(GlossaryOptions, extra="ignore"):
    """Takes whatever is misspelt."""


def changed(**changes: Any) -> Callable[..., Any]:
    """Its work done well, and then the first record changed."""

    def work(good: Any) -> Any:
        def worked(self: Any, *arguments: Any) -> Any:
            first, *others = good(self, *arguments) or [None]
            return [dataclasses.replace(first, **changes), *others] if first else []

        return worked

    return work


def twice(good: Any) -> Any:
    return lambda self, *arguments: [*good(self, *arguments), *good(self, *arguments)]


def nothing(good: Any) -> Any:
    return lambda self, *arguments: []


def always(result: Callable[[], Any]) -> Any:
    return lambda good: lambda self, *arguments: [*good(self, *arguments), *result()]


def unlike_before(**names: str) -> Any:
    """Another value every time."""
    (name,) = names.values()
    return lambda good: (
        lambda self, *arguments: [
            dataclasses.replace(record, **{name: f"{getattr(record, name)} {next(TIMES)}"})
            for record in good(self, *arguments)
        ]
    )


def writing(where: str) -> Any:
    def work(good: Any) -> Any:
        def worked(self: Any, *arguments: Any) -> Any:
            (arguments[-1].cache.parent / where).write_text("here I was")
            return good(self, *arguments)

        return worked

    return work


def remembering(good: Any) -> Any:
    """An interrupted try leaves what the next one takes for a result."""

    def worked(self: Any, mistakes: Any, ctx: Any) -> Any:
        mark = ctx.folder / "begun"
        if mark.exists():
            return []
        mark.touch()
        found = list(good(self, mistakes, ctx))
        mark.unlink()
        return found

    return worked


def stubborn(good: Any) -> Any:
    def worked(self: Any, mistakes: Any, ctx: Any) -> Any:
        try:
            return good(self, mistakes, ctx)
        except BaseException:
            return []

    return worked


def attempt_of(**changes: Any) -> Any:
    return lambda good: lambda self, task, row: good(self, task, row, **changes)


def constant(value: Any) -> Any:
    return lambda good: lambda self, *arguments: value


def raising(good: Any) -> Any:
    def raises(self: Any, ctx: Any) -> Any:
        if self.options.file:
            (ctx.config_folder / self.options.file).read_text()

    return raises


def before(action: Callable[[Any], Any]) -> Any:
    """Trains well, after `action` on the context."""

    def work(good: Any) -> Any:
        def trained(self: Any, rows: Any, ctx: Any) -> Any:
            action(ctx)
            return good(self, rows, ctx)

        return trained

    return work


def then(action: Callable[[Any], Any]) -> Any:
    """Trains well, and then does `action` on the context."""

    def work(good: Any) -> Any:
        def trained(self: Any, rows: Any, ctx: Any) -> Any:
            figures = good(self, rows, ctx)
            action(ctx)
            return figures

        return trained

    return work


def leaking(good: Any) -> Any:
    def worked(self: Any, passages: Any, mistakes: Any, attempts: Any, ctx: Any) -> Any:
        attempt = attempts[0] if attempts else None
        row = attempt and Row.make(
            kind="normative", prompt=attempt.prompt, completion=attempt.completion, parents=(attempt.id,)
        )
        return [row] if row else []

    return worked


def peeking(good: Any) -> Any:
    def worked(self: Any, attempts: Any, ctx: Any) -> Any:
        gold = {attempt.id: attempt.gold for attempt in attempts}
        return [
            dataclasses.replace(mistake, queries=(gold[mistake.attempt_id],)) for mistake in good(self, attempts, ctx)
        ]

    return worked


BAD: list[tuple[str, str, Any, str, str]] = [
    # role, attribute, what it becomes (made of the good one), the check that fails, what it says
    ("source", "name", lambda good: "Gloss ary", "name_and_version_are_well_formed", "is called 'Gloss ary'"),
    ("source", "version", lambda good: "", "name_and_version_are_well_formed", "has no version"),
    ("source", "version", lambda good: "1 beta", "name_and_version_are_well_formed", "one word"),
    ("source", "Options", lambda good: Undescribed, "options_are_described_and_defaults_valid", "description: more"),
    (
        "source",
        "Options",
        lambda good: BadDefault,
        "options_are_described_and_defaults_valid",
        "itself: more",
    ),
    ("source", "Options", lambda good: Lossy, "options_survive_json", "are others"),
    ("source", "Options", lambda good: Permissive, "wrong_options_are_refused", "subclass Options"),
    ("source", "check", raising, "wrong_options_are_refused", "raises FileNotFoundError, not CemError"),
    ("source", "check", constant(None), "wrong_options_are_refused", "should be refused"),
    ("source", "fingerprint", constant(3), "fingerprint_is_a_text_and_stays", "should return a str"),
    (
        "source",
        "fingerprint",
        lambda good: lambda self, ctx: str(next(TIMES)),
        "fingerprint_is_a_text_and_stays",
        "though nothing did",
    ),
    (
        "source",
        "retrieve",
        unlike_before(field="text"),
        "the_same_seed_gives_the_same_result",
        "one seed differ",
    ),
    ("source", "retrieve", writing("strange.txt"), "writes_only_where_it_may", "strange.txt"),
    ("source", "fingerprint", writing("stage/early.txt"), "writes_only_where_it_may", "early.txt"),
    ("source", "retrieve", remembering, "an_interrupted_try_can_be_repeated", "after an interruption"),
    ("source", "retrieve", stubborn, "an_interrupted_try_can_be_repeated", "goes on after a KeyboardInterrupt"),
    ("source", "retrieve", nothing, "finds_something", "override mistakes()"),
    (
        "source",
        "retrieve",
        always(lambda: [GoodSource().passage("Paris")]),
        "no_mistakes_give_no_passages",
        "1 passages for no mistakes",
    ),
    ("source", "retrieve", changed(text="another"), "passages_are_whole", "Passage.make"),
    ("source", "retrieve", twice, "passages_are_whole", "given twice"),
    ("source", "retrieve", changed(revision=7), "passages_are_whole", "JSON-safe: revision"),
    ("source", "retrieve", changed(hits=[]), "passages_are_whole", "after writing and reading"),
    (
        "source",
        "passage",
        lambda good: lambda self, *given: good(self, *given, source="other"),
        "passages_are_whole",
        "has the source 'other'",
    ),
    (
        "source",
        "passage",
        lambda good: lambda self, *given: good(self, *given, licence=" "),
        "passages_are_whole",
        "has no licence",
    ),
    (
        "source",
        "retrieve",
        changed(hits=(Hit(mistake_id="m-none", query="q", score=1.0),)),
        "hits_name_given_mistakes",
        "m-none",
    ),
    ("source", "retrieve", changed(hits=()), "hits_name_given_mistakes", "found for nothing"),
    ("source", "retrieve", changed(id="p-2"), "what_it_tells_early_is_what_it_returns", "by ctx.found"),
    ("source", "sample", unlike_before(field="text"), "samples_are_random_by_the_seed", ""),
    ("source", "sample", twice, "samples_are_random_by_the_seed", "given twice"),
    (
        "source",
        "sample",
        lambda good: lambda self, count, ctx: list(good(self, count, ctx))[1:],
        "samples_are_random_by_the_seed",
        "sample(3) gave 2",
    ),
    (
        "source",
        "sample",
        lambda good: lambda self, count, ctx: [self.passage(term) for term in list(ENTRIES)[:count]],
        "samples_are_random_by_the_seed",
        "whatever ctx.seed is",
    ),
    (
        "source",
        "documents",
        always(lambda: [GoodSource().passage("Edo", [Hit(mistake_id="m", query="q", score=1.0)])]),
        "documents_are_all_that_it_has",
        "",
    ),
    (
        "source",
        "documents",
        lambda good: lambda self, ctx: iter(list(good(self, ctx))[1:]),
        "documents_are_all_that_it_has",
        "names passages",
    ),
    (
        "source",
        "documents",
        lambda good: lambda self, ctx: iter(list(good(self, ctx))[:: -1 if next(TIMES) % 2 else 1]),
        "documents_are_all_that_it_has",
        "in another order",
    ),
    ("miner", "mine", nothing, "finds_mistakes", "finds no mistake"),
    (
        "miner",
        "mine",
        lambda good: lambda self, attempts, ctx: good(self, attempts or SUITES["miner"]().attempts(), ctx),
        "no_attempts_give_no_mistakes",
        "in no attempts",
    ),
    (
        "miner",
        "mine",
        lambda good: (
            lambda self, attempts, ctx: good(
                self, [dataclasses.replace(attempt, correct=False) for attempt in attempts], ctx
            )
        ),
        "right_answers_are_no_mistakes",
        "takes right answers",
    ),
    ("miner", "mine", changed(kind="laziness"), "mistakes_are_whole", "JSON-safe: kind"),
    ("miner", "mine", changed(queries=("", "x")), "mistakes_are_whole", "empty query"),
    ("miner", "mine", changed(attempt_id="none"), "mistakes_are_of_given_attempts", "none"),
    ("miner", "mine", changed(task="other"), "mistakes_are_of_given_attempts", "another task"),
    ("miner", "mine", changed(question="What else?"), "mistakes_are_of_given_attempts", "another question"),
    ("miner", "mine", peeking, "queries_do_not_know_the_right_answer", "change with the right answer"),
    (
        "rewriter",
        "rewrite",
        always(lambda: [Rewrite.make(passage_id="p", kind="restatement", text="t")]),
        "no_passages_give_no_rewrites",
        "of no passages",
    ),
    ("rewriter", "rewrite", changed(text="another"), "rewrites_are_whole", "Rewrite.make"),
    ("rewriter", "rewrite", changed(kind="cloze"), "rewrites_are_whole", "a cloze has a question"),
    ("rewriter", "rewrite", changed(kind="link"), "rewrites_are_whole", "linked_id"),
    ("rewriter", "rewrite", changed(passage_id="p-none"), "rewrites_are_of_given_passages", "p-none"),
    (
        "rewriter",
        "rewrite",
        lambda good: lambda self, *arguments: list(good(self, *arguments))[:1],
        "who_rewrites_each_passage_alone_may_be_given_parts",
        "one by one",
    ),
    ("rewriter", "rewrite", nothing, "the_core_keeps_some", "makes nothing"),
    (
        "rewriter",
        "rewrite",
        lambda good: (
            lambda self, passages, ctx: [
                Rewrite.make(passage_id=each.id, kind="restatement", text="Napoleon was born in 1769 on Corsica.")
                for each in passages
            ]
        ),
        "the_core_keeps_some",
        "are dropped",
    ),
    ("mixer", "mix", nothing, "makes_rows", "makes no rows"),
    (
        "mixer",
        "mix",
        always(lambda: [Row.make(kind="general", prompt="", completion="text", parents=())]),
        "nothing_gives_no_rows",
        "of nothing",
    ),
    ("mixer", "mix", changed(completion="other"), "rows_are_whole", "Row.make"),
    ("mixer", "mix", changed(weight=0.0), "rows_are_whole", "the weight 0.0"),
    (
        "mixer",
        "mix",
        always(lambda: [Row.make(kind="passage", prompt="p", completion="c", parents=())]),
        "rows_are_whole",
        "has no prompt",
    ),
    ("mixer", "mix", changed(parents=("p-none",)), "rows_name_given_records", "p-none"),
    ("mixer", "mix", changed(own_pairs=("q-none",)), "rows_name_given_records", "q-none"),
    ("mixer", "mix", leaking, "rows_with_a_question_s_own_answer_say_so", "own_pairs"),
    ("evaluator", "check_tasks", constant(None), "unknown_tasks_are_refused", "raise a CemError"),
    ("evaluator", "fingerprint_tasks", constant("same"), "a_task_s_fingerprint_is_that_of_its_questions", "stays"),
    ("evaluator", "fingerprint_tasks", constant(""), "a_task_s_fingerprint_is_that_of_its_questions", "a text"),
    ("evaluator", "evaluate", nothing, "every_question_is_answered_once", "no attempts"),
    ("evaluator", "evaluate", twice, "every_question_is_answered_once", "a question twice"),
    (
        "evaluator",
        "count_questions",
        constant({"t": (1, 1)}),
        "every_question_is_answered_once",
        "says 1",
    ),
    ("evaluator", "attempt", attempt_of(split="mined"), "attempts_are_whole", "by the core"),
    ("evaluator", "attempt", attempt_of(gold="none"), "attempts_are_whole", "gold is none"),
    ("evaluator", "attempt", attempt_of(answer="none"), "attempts_are_whole", "answer is none"),
    ("evaluator", "attempt", attempt_of(scores=(1.0,)), "attempts_are_whole", "has 1 scores"),
    ("evaluator", "attempt", attempt_of(scores=(float("nan"), 0.0)), "attempts_are_whole", "JSON-safe"),
    ("evaluator", "attempt", attempt_of(completion=""), "attempts_are_whole", "no completion"),
    (
        "evaluator",
        "evaluate",
        lambda good: lambda self, tasks, ctx: good(self, tasks, ctx) if ctx.only is None else [],
        "wanted_questions_are_asked",
        "ctx.only",
    ),
    (
        "evaluator",
        "score",
        lambda good: lambda self, pairs, ctx: [tuple(1.0 for _ in texts) for _, texts in pairs],
        "scores_are_log_likelihoods",
        "are no log-likelihoods",
    ),
    ("evaluator", "score", constant([(0.0,)]), "scores_are_log_likelihoods", "score([]) should be empty"),
    (
        "evaluator",
        "generate",
        lambda good: lambda self, prompts, most, ctx: [f"{each} {next(TIMES)}" for each in prompts],
        "texts_are_generated",
        "greedy",
    ),
    ("trainer", "train", constant({}), "leaves_a_model_that_has_learnt", "leaves no *.safetensors"),
    (
        "trainer",
        "train",
        then(lambda ctx: (ctx.folder / "optimizer.pt").touch()),
        "leaves_a_model_that_has_learnt",
        "may hold code: optimizer.pt",
    ),
    (
        "trainer",
        "train",
        then(lambda ctx: toy.write_model(ctx.folder / "checkpoint-1", [])),
        "leaves_a_model_that_has_learnt",
        "leaves checkpoints: checkpoint-1/",
    ),
    (
        "trainer",
        "train",
        before(lambda ctx: toy.write_model(ctx.model.path, ["more"])),
        "leaves_a_model_that_has_learnt",
        "changes the model that it starts from",
    ),
    (
        "trainer",
        "train",
        then(lambda ctx: toy.write_model(ctx.folder / "model", [])),
        "leaves_a_model_that_has_learnt",
        "is the one that it started from",
    ),
    (
        "trainer",
        "train",
        lambda good: lambda self, rows, ctx: {**good(self, rows, ctx), "loss": float("nan")},
        "leaves_a_model_that_has_learnt",
        "figures are not JSON-safe",
    ),
    ("trainer", "count_tokens", constant([1, 2, 3]), "tokens_are_counted", "count_tokens([]) should be empty"),
    (
        "trainer",
        "count_tokens",
        lambda good: lambda self, texts, ctx: [7 for _ in texts],
        "tokens_are_counted",
        "a longer text",
    ),
]


def suite_of(role: str, component: type, folder: Path) -> type[ComponentTests]:
    """The role's suite; of the roles that load a model over one of the toy world."""
    base = SUITES[role]
    more: dict[str, Any] = {}
    if issubclass(base, EvaluatorTests | TrainerTests):
        more["model"] = lambda self: toy_model(folder / "start")
    if role == "source":
        more["bad_options"] = ({"most": 0}, {"file": "none.txt"})
    return type("Suite", (base,), {"component": component, **more})


@pytest.mark.parametrize(
    ("role", "attribute", "become", "check", "said"),
    BAD,
    ids=[f"{role} {check}: {said}" for role, _, _, check, said in BAD],
)
def test_a_broken_rule_is_found(role: str, attribute: str, become: Any, check: str, said: str, tmp_path: Path) -> None:
    good = GOOD[role]
    bad = type("Bad", (good,), {attribute: become(getattr(good, attribute)), "__module__": good.__module__})
    outcome = run_check(suite_of(role, bad, tmp_path), f"test_{check}")
    assert outcome.status == "failed", outcome
    assert said in outcome.reason
    assert "\n" not in outcome.reason


@pytest.mark.parametrize("role", GOOD)
def test_every_check_is_shown_to_fail_and_to_pass(role: str, tmp_path: Path) -> None:
    suite = suite_of(role, GOOD[role], tmp_path)
    shown = {f"test_{check}" for of_role, _, _, check, _ in BAD if of_role in (role, "source")}
    elsewhere = {"test_importing_its_module_is_light", "test_check_accepts_its_options"}
    assert set(check_names(suite)) - shown == elsewhere
    loads = {"test_leaves_a_model_that_has_learnt"}  # with transformers, which toys are not made for
    for name in set(check_names(suite)) - loads - elsewhere:
        outcome = run_check(suite, name)
        assert outcome.status in ("passed", "skipped"), outcome


@pytest.mark.parametrize(
    ("code", "said"), [("import trl", "imports trl: do so where"), ("import no_such_module", "No module named")]
)
def test_a_module_that_loads_too_much_or_not_at_all(
    code: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trl.py").touch()
    (tmp_path / "heavy_one.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    module = ModuleType("heavy_one")
    module.__file__ = str(tmp_path / "heavy_one.py")
    monkeypatch.setitem(sys.modules, "heavy_one", module)
    bad = type("Bad", (GoodSource,), {"__module__": "heavy_one"})
    outcome = run_check(suite_of("source", bad, tmp_path), "test_importing_its_module_is_light")
    assert outcome.status == "failed"
    assert said in outcome.reason


def test_options_that_check_refuses(tmp_path: Path) -> None:
    suite = type("Suite", (suite_of("source", GoodSource, tmp_path),), {"options": {"file": "none.txt"}})
    outcome = run_check(suite, "test_check_accepts_its_options")
    assert (outcome.status, outcome.reason[:13]) == ("failed", "check refuses")


def test_a_bug_is_told_with_its_place(tmp_path: Path) -> None:
    bad = type("Bad", (GoodSource,), {"retrieve": lambda self, mistakes, ctx: 1 / 0})
    outcome = run_check(suite_of("source", bad, tmp_path), "test_finds_something")
    assert outcome.reason.startswith("ZeroDivisionError: division by zero (")
    assert "test_can_fail.py:" in outcome.reason


def test_a_result_that_transformers_cannot_load(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    outcome = run_check(suite_of("trainer", GoodTrainer, tmp_path), "test_leaves_a_model_that_has_learnt")
    assert "transformers cannot load" in outcome.reason


def test_what_cannot_be_done_is_skipped_with_the_reason(tmp_path: Path) -> None:
    from cem_toolkit.api import Source

    bad = type("Bad", (GoodSource,), {"sample": Source.sample, "documents": Source.documents})
    for check in ("samples_are_random_by_the_seed", "documents_are_all_that_it_has"):
        outcome = run_check(suite_of("source", bad, tmp_path), f"test_{check}")
        assert outcome.status == "skipped"
        assert "cannot" in outcome.reason
