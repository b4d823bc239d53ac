"""Asking a part of the questions again: which, what is reused, and how it is told."""

import dataclasses
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

import toy
from cem_toolkit import CemError, find_run, resume
from cem_toolkit.api import Attempt, Context
from cem_toolkit.cli import main
from cem_toolkit.evolving import plan
from cem_toolkit.ledger import read_ledger
from cem_toolkit.plugins import Plugins
from cem_toolkit.records import Hit, Mistake, Passage, Row
from cem_toolkit.retest import choose, touched
from conftest import Evolve
from test_splits import attempt

SMALL = {"mixer": {"token_budget": 60, "review": 0.2}, "general": ["capitals-general"]}
PART = {"rest": 0.2, "last": 0.2}


def questions(count: int = 200) -> list[Attempt]:
    splits = ("mined", "mined", "sibling", "held_out", "selection", "general")
    made = (attempt(f"q{number}", group=f"g{number // 12}") for number in range(count))
    return [dataclasses.replace(one, split=splits[number % 6]) for number, one in enumerate(made)]  # type: ignore[arg-type]


def test_what_a_row_descends_from_is_touched_with_its_group() -> None:
    asked = questions()
    mistakes = [
        Mistake(id=f"m{n}", attempt_id=asked[n].id, task="t", kind="knowledge", question="", queries=())
        for n in (0, 30, 60)
    ]
    hits = (Hit(mistake_id="m0", query="", score=1.0), Hit(mistake_id="m30", query="", score=1.0))
    page = Passage.make(text="text", title="title", source="s", licence="CC0", hits=hits)
    rows = [
        Row.make(kind="passage", prompt="", completion="c", parents=(page.id,)),
        Row.make(kind="review", prompt="", completion="c", parents=(asked[84].id,), own_pairs=(asked[96].id,)),
    ]
    groups = {asked[n].group for n in (0, 30, 84, 96)}
    assert asked[60].group not in groups
    assert touched(rows, [page], mistakes, asked) == {one.id for one in asked if one.group in groups}


def test_questions_without_a_group_are_touched_alone() -> None:
    asked = [dataclasses.replace(one, group="") for one in questions(9)]
    row = Row.make(kind="review", prompt="", completion="c", parents=(asked[0].id,))
    assert touched([row], [], [], asked) == {asked[0].id}


def test_touched_selection_and_general_questions_are_always_in() -> None:
    asked = questions()
    sure = frozenset(one.id for one in asked[:12])
    chosen = choose(asked, sure, 0.01, 0)
    assert chosen
    always = sure | {one.id for one in asked if one.split in ("selection", "general")}
    assert always < chosen.ids
    assert {chosen.weights[one.task, one.id] for one in asked if one.id in always} == {1.0}
    for split in ("mined", "sibling", "held_out"):
        rest = [one for one in asked if one.split == split and one.id not in sure]
        drawn = [one for one in rest if one.id in chosen.ids]
        assert len(drawn) == 1, "at least one of each split, however small the share"
        assert chosen.weights[drawn[0].task, drawn[0].id] == len(rest)


def test_a_larger_share_holds_the_smaller_and_a_seed_makes_the_sample() -> None:
    asked = questions(600)
    nested = [choose(asked, frozenset(), part, 0) for part in (0.05, 0.2, 0.21, 0.9)]
    for smaller, larger in itertools.pairwise(nested):
        assert smaller and larger
        assert smaller.ids < larger.ids
    assert choose(asked, frozenset(), 0.2, 0) == nested[1]
    assert choose(list(reversed(asked)), frozenset(), 0.2, 0) == nested[1]
    other = choose(asked, frozenset(), 0.2, 1)
    assert other and nested[1]
    assert other.ids != nested[1].ids
    assert other.key != nested[1].key
    assert len(other.ids) == len(nested[1].ids)


def test_all_of_them_are_no_part() -> None:
    asked = questions(60)
    assert choose(asked, frozenset(), 1.0, 0) is None
    assert choose(asked, frozenset(one.id for one in asked), 0.1, 0) is None


def asked_after(run: Any, number: int) -> set[str]:
    return {one.id for one in run.round(number).attempts}


def test_the_last_round_is_tested_in_full_by_default(evolve: Evolve) -> None:
    run = evolve(rounds=2, retest={"rest": 0.2}, **SMALL)
    every = asked_after(run, 0)
    assert asked_after(run, 1) < every
    assert asked_after(run, 2) == every
    first, second = run.summary()["rounds"]
    assert first["asked"] == {"n": len(run.round(1).attempts), "total": len(run.questions)}
    assert second["asked"]["n"] == second["asked"]["total"]


def test_splits_are_those_of_the_full_test_and_weights_add_up(evolve: Evolve) -> None:
    run = evolve(retest=PART, **SMALL)
    split = {(one.task, one.id): one.split for one in run.questions}
    (turn,) = run.rounds
    assert {(one.task, one.id): one.split for one in turn.attempts}.items() <= split.items()
    assert any(one.weight > 1 for one in turn.attempts)
    assert all(one.weight == 1 for one in turn.attempts if one.split in ("selection", "general"))
    assert sum(one.weight for one in turn.attempts) == pytest.approx(len(run.questions))
    rows = {parent for row in turn.rows for parent in (*row.parents, *row.own_pairs)}
    assert all(one.weight == 1 for one in turn.attempts if one.id in rows)
    for name in ("selection", "general"):
        assert {key for key, value in split.items() if value == name} <= {(one.task, one.id) for one in turn.attempts}


def test_a_full_test_never_stands_for_a_part_nor_the_reverse(evolve: Evolve) -> None:
    plain, part = evolve(**SMALL), evolve(retest=PART, **SMALL)
    again, smaller = evolve(retest={"last": 1.0}, **SMALL), evolve(retest={"last": 0.1}, **SMALL)
    keys = [run.round(1).stage("evaluate").key for run in (plain, part, smaller)]  # type: ignore[union-attr]
    assert len(set(keys)) == 3
    assert again.round(1).stage("evaluate").key == keys[0]  # type: ignore[union-attr]
    assert "evaluate" in again.summary()["rounds"][0]["reused"]
    assert "evaluate" not in part.summary()["rounds"][0]["reused"]
    assert "train" in part.summary()["rounds"][0]["reused"]
    assert "evaluate" in evolve(retest=PART, **SMALL).summary()["rounds"][0]["reused"]


def test_a_dry_run_knows_which_part_it_would_be(evolve: Evolve, values: dict[str, Any], plugins: Plugins) -> None:
    evolve(retest=PART, **SMALL)
    planned = plan(registry=plugins, **values, retest=PART, **SMALL)
    assert all(stage.reused for stage in planned.stages)
    planned = plan(registry=plugins, **values, retest={"last": 0.1}, **SMALL)
    assert [stage.name for stage in planned.stages if not stage.reused] == ["evaluate", "gate"]
    assert "retest" in planned.basis


def test_arms_are_asked_what_the_round_is_asked(evolve: Evolve) -> None:
    run = evolve(retest=PART, arms=["random"], seeds=2, **SMALL)
    (turn,) = run.rounds
    assert [arm.name for arm in turn.arms] == ["random", "seed-1"]
    for arm in turn.arms:
        assert {one.id for one in arm.attempts} == {one.id for one in turn.attempts}
    (told,) = run.summary()["rounds"]
    total = told["changes"]["held_out"]["total"]
    assert told["arms"]["random"]["against"]["held_out"]["total"] == total > told["changes"]["held_out"]["n"]
    assert told["noise"]


def test_estimates_are_told_as_such(evolve: Evolve, capsys: pytest.CaptureFixture[str]) -> None:
    whole = evolve(**SMALL).summary()
    run = evolve(retest=PART, arms=["random"], **SMALL)
    summary = json.loads(json.dumps(run.summary()))
    (turn,) = summary["rounds"]
    for name, change in turn["changes"].items():
        full = whole["rounds"][0]["changes"][name]
        assert change["total"] == full["n"] == full["total"]
        assert change["share_before"] == pytest.approx(full["share_before"]), "known of all"
        assert change["low"] <= full["points"] <= change["high"]
        if name in ("selection", "general: capitals-general"):
            assert change == full | {"p_adjusted": change["p_adjusted"], "verdict": change["verdict"]}
    assert summary["accuracy"][0] == whole["accuracy"][0]
    held_out = summary["accuracy"][1]["held_out"]
    assert held_out["n"] < held_out["total"] == summary["accuracy"][0]["held_out"]["n"]
    with pytest.raises(SystemExit):
        main(["show", str(run.folder)])
    shown = " ".join(capsys.readouterr().out.split())
    assert f"asked {turn['asked']['n']} of {turn['asked']['total']} questions" in shown
    assert f"{held_out['n']} of {held_out['total']}" in shown
    assert "~" in shown
    for name, said in (
        ("report.md", f"round 1 ({turn['asked']['n']} of {turn['asked']['total']})"),
        ("report.html", f"estimate; {held_out['n']} of {held_out['total']} questions asked"),
        ("model-card.md", f"estimated from {held_out['n']} of {held_out['total']} questions"),
    ):
        assert said in (run.folder / name).read_text(), name


def test_a_full_test_is_told_without_estimates(evolve: Evolve, capsys: pytest.CaptureFixture[str]) -> None:
    run = evolve(**SMALL)
    with pytest.raises(SystemExit):
        main(["show", str(run.folder)])
    assert "~" not in capsys.readouterr().out
    for name in ("report.md", "report.html", "model-card.md"):
        assert "estimate" not in (run.folder / name).read_text(), name


def test_the_ledger_says_what_was_not_asked(evolve: Evolve, capsys: pytest.CaptureFixture[str]) -> None:
    run = evolve(rounds=2, retest={"rest": 0.1}, **SMALL)
    asked = asked_after(run, 1)
    entries = list(read_ledger(run))
    assert {entry.id for entry in entries if entry.path[1] == "-"} == asked_after(run, 0) - asked
    silent = next(entry for entry in entries if entry.path[1] == "-")
    assert [answer.round for answer in silent.answers] == [0, 2]
    assert silent.status, "the shipped model was asked"
    with pytest.raises(SystemExit):
        main(["ledger", str(run.folder), f"{silent.task}:{silent.id}"])
    assert "not asked" in capsys.readouterr().out


def test_the_next_round_steers_by_what_was_asked(evolve: Evolve) -> None:
    run = evolve(rounds=2, retest={"rest": 0.1}, **SMALL)
    asked = asked_after(run, 1)
    assert {mistake.attempt_id for mistake in run.round(2).mistakes} <= asked


def test_runs_that_ask_in_part_are_compared_by_what_both_asked(evolve: Evolve) -> None:
    from cem_toolkit.comparing import compare_runs

    comparison = compare_runs([evolve(**SMALL), part := evolve(retest=PART, **SMALL)])
    assert comparison.common == len(part.round(1).attempts)
    assert any("was asked" in note and part.name in note for note in comparison.notes)


def test_an_evaluator_may_ask_no_more_than_it_should_and_no_less(
    evolve: Evolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[frozenset[str] | None] = []
    whole = toy.ToyEvaluator.evaluate

    def obedient(self: Any, tasks: Any, ctx: Context) -> Any:
        seen.append(ctx.only)
        return (one for one in whole(self, tasks, ctx) if ctx.only is None or one.id in ctx.only)

    monkeypatch.setattr(toy.ToyEvaluator, "evaluate", obedient)
    run = evolve(retest=PART, **SMALL)
    assert seen[:2] == [None, None], "the starting model is asked everything"
    assert set(seen[2:]) == {frozenset(asked_after(run, 1))}

    def lazy(self: Any, tasks: Any, ctx: Context) -> Any:
        return (one for one in list(whole(self, tasks, ctx))[:: 2 if ctx.only else 1])

    monkeypatch.setattr(toy.ToyEvaluator, "evaluate", lazy)
    with pytest.raises(CemError, match=r"left out \d+ of \d+ questions that it was to ask again"):
        evolve(retest={"last": 0.3}, **SMALL)


def test_an_interrupted_run_goes_on_with_the_same_questions(
    evolve: Evolve, plugins: Plugins, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = asked_after(evolve(out=str(tmp_path / "other"), retest=PART, **SMALL), 1)
    whole = toy.ToyEvaluator.evaluate

    def broken(self: Any, tasks: Any, ctx: Context) -> Any:
        if ctx.round:
            raise RuntimeError("cut off")
        return whole(self, tasks, ctx)

    monkeypatch.setattr(toy.ToyEvaluator, "evaluate", broken)
    with pytest.raises(RuntimeError, match="cut off"):
        evolve(retest=PART, **SMALL)
    monkeypatch.setattr(toy.ToyEvaluator, "evaluate", whole)
    run = resume(find_run("latest", tmp_path / "runs"), registry=plugins, progress=False)
    assert asked_after(run, 1) == expected
