"""Counts against the starting model."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cem_toolkit.errors import CemError
from cem_toolkit.outcomes import STOPPING, Answers, Outcome, outcomes, paired, read_answers
from cem_toolkit.records import Attempt
from cem_toolkit.store import write_records
from test_splits import attempt

booleans = st.tuples(st.booleans(), st.booleans())


@given(st.lists(booleans))
def test_counts_add_up(pairs: list[tuple[bool, bool]]) -> None:
    outcome = Outcome.of(pairs)
    assert outcome.n == len(pairs)
    assert outcome.right_before == sum(before for before, _ in pairs)
    assert outcome.right_after == outcome.right_before + outcome.fixed - outcome.broken == sum(now for _, now in pairs)


def answers(folder: Path, attempts: Sequence[Attempt]) -> Answers:
    write_records(folder / "attempts.jsonl", attempts)
    return read_answers(folder / "attempts.jsonl")


def test_reviewed_questions_are_left_out_of_mined(tmp_path: Path) -> None:
    before = [dataclasses.replace(attempt(f"q{number}"), split="mined", correct=False) for number in range(4)]
    after = [dataclasses.replace(one, correct=True) for one in before]
    sets = paired(answers(tmp_path, before), answers(tmp_path, after), {before[0].id, before[1].id})
    assert outcomes(sets)["mined"] == {
        "n": 2,
        "right_before": 0,
        "right_after": 2,
        "fixed": 2,
        "broken": 0,
        "total": 2,
    }
    assert outcomes(sets)["reviewed"]["n"] == 2


def test_general_is_by_task(tmp_path: Path) -> None:
    before = [dataclasses.replace(attempt("q", task=task), split="general") for task in ("a", "b")]
    after = [dataclasses.replace(one, correct=one.task == "a") for one in before]
    sets = paired(answers(tmp_path, before), answers(tmp_path, after), ())
    assert outcomes(sets)["general"] == {
        "a": {"n": 1, "right_before": 1, "right_after": 1, "fixed": 0, "broken": 0, "total": 1},
        "b": {"n": 1, "right_before": 1, "right_after": 0, "fixed": 0, "broken": 1, "total": 1},
    }


def test_nothing_is_counted_of_stopping_questions(tmp_path: Path) -> None:
    before = [
        dataclasses.replace(attempt(f"q{number}"), split=split) for number, split in enumerate(("mined", STOPPING))
    ]
    drawn = [dataclasses.replace(one, weight=2.0) for one in before]
    for after in (before, drawn):
        sets = paired(answers(tmp_path, before), answers(tmp_path, after), ())
        assert {name: found.total for name, found in sets.items() if found.total} == {"mined": 1}


def test_margins_are_those_of_the_attempts(tmp_path: Path) -> None:
    one = dataclasses.replace(attempt("q"), choices=("a", "b", "c"), scores=(-2.0, -1.5, -3.0))
    free = attempt("free text")
    read = answers(tmp_path, [one, free])
    assert [answer.margin for answer in read.values()] == [one.margin, free.margin] == [-0.5, 0.0]


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "attempts.jsonl").write_text('{"id": 1}\n')
    with pytest.raises(CemError, match=r"attempts\.jsonl:1: is no Attempt"):
        read_answers(tmp_path / "attempts.jsonl")
