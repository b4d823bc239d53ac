"""Counts against the starting model."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from cem_toolkit.outcomes import Outcome, summarise
from test_splits import attempt

booleans = st.tuples(st.booleans(), st.booleans())


@given(st.lists(booleans))
def test_counts_add_up(pairs: list[tuple[bool, bool]]) -> None:
    outcome = Outcome.of(pairs)
    assert outcome.n == len(pairs)
    assert outcome.right_before == sum(before for before, _ in pairs)
    assert outcome.right_after == outcome.right_before + outcome.fixed - outcome.broken == sum(now for _, now in pairs)


def test_reviewed_questions_are_left_out_of_mined() -> None:
    before = [dataclasses.replace(attempt(f"q{number}"), split="mined", correct=False) for number in range(4)]
    after = [dataclasses.replace(one, correct=True) for one in before]
    counted = summarise(before, after, {before[0].id, before[1].id})
    assert counted["mined"] == {"n": 2, "right_before": 0, "right_after": 2, "fixed": 2, "broken": 0}
    assert counted["reviewed"]["n"] == 2


def test_general_is_by_task() -> None:
    before = [dataclasses.replace(attempt("q", task=task), split="general") for task in ("a", "b")]
    after = [dataclasses.replace(one, correct=one.task == "a") for one in before]
    assert summarise(before, after, ())["general"] == {
        "a": {"n": 1, "right_before": 1, "right_after": 1, "fixed": 0, "broken": 0},
        "b": {"n": 1, "right_before": 1, "right_after": 0, "fixed": 0, "broken": 1},
    }
