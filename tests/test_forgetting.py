"""The round-by-task matrix and what is read off it."""

import dataclasses
import json

import pytest

from cem_toolkit.forgetting import known_before, matrix


def test_figures_are_those_of_the_definitions() -> None:
    # Three rounds; each column's own round is where its accuracy jumps.
    table = {
        "first": [0.2, 0.8, 0.7, 0.6],
        "second": [0.3, 0.4, 0.9, 0.8],
        "third": [0.1, 0.1, 0.2, 0.7],
        "general": [0.5, 0.6, 0.5, 0.3],
    }
    found = matrix(table, {"first": 1, "second": 2, "third": 3})
    assert found.labels == ("first", "second", "third", "general")
    assert found.trained_in == (1, 2, 3, None)
    assert found.matrix[0] == (0.2, 0.3, 0.1, 0.5) and found.matrix[3] == (0.6, 0.8, 0.7, 0.3)
    assert found.average_performance == pytest.approx((0.6 + 0.8 + 0.7 + 0.3) / 4)
    assert found.backward_transfer == pytest.approx(((0.6 - 0.8) + (0.8 - 0.9)) / 2)
    assert found.forward_transfer == pytest.approx(((0.4 - 0.3) + (0.2 - 0.1)) / 2)
    assert found.forgetting == pytest.approx((0.2, 0.1, -0.5, 0.3))
    saved = dataclasses.asdict(found)
    assert json.loads(json.dumps(saved))["matrix"] == [list(row) for row in saved["matrix"]]


def test_columns_of_mistakes_have_no_forward_transfer_above_0() -> None:
    found = matrix({"round 1": [0.0, 0.5, 0.4], "round 2": [0.25, 0.0, 0.5]}, {"round 1": 1, "round 2": 2})
    assert found.forward_transfer == -0.25
    assert found.backward_transfer == pytest.approx(-0.1)


def test_one_round_has_nothing_to_transfer_to() -> None:
    found = matrix({"round 1": [0.0, 0.5]}, {"round 1": 1})
    assert (found.average_performance, found.backward_transfer, found.forward_transfer) == (0.5, None, None)
    start = matrix({"general": [0.5]})
    assert (start.average_performance, start.forgetting) == (0.5, (None,))


def test_what_was_not_measured_is_left_out() -> None:
    found = matrix({"a": [0.0, None, 0.4], "b": [None, 0.0, None]}, {"a": 1, "b": 2})
    assert (found.average_performance, found.backward_transfer, found.forward_transfer) == (0.4, None, None)
    assert found.forgetting == (-0.4, None)


@pytest.mark.parametrize(
    ("table", "trained_in"),
    [
        ({}, {}),
        ({"a": []}, {}),
        ({"a": [0.1, 0.2], "b": [0.1]}, {}),
        ({"a": [0.1, 60.0]}, {}),
        ({"a": [0.1, float("nan")]}, {}),
        ({"a": [0.1, 0.2]}, {"a": 2}),
        ({"a": [0.1, 0.2]}, {"a": 0}),
        ({"a": [0.1, 0.2]}, {"b": 1}),
    ],
)
def test_a_table_that_is_none_is_refused(table: dict[str, list[float | None]], trained_in: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="column"):
        matrix(table, trained_in)


def test_what_was_known_is_split_from_the_surest() -> None:
    right = [True] * 9 + [False]
    margins = [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, -5.0]
    now = [True, True, True, True, True, False, True, False, False, True]
    quarters = known_before(right, margins, now)
    assert [(each.n, each.kept) for each in quarters] == [(2, 2), (2, 2), (2, 1), (3, 1)]
    assert (quarters[0].margin_low, quarters[0].margin_high) == (8.0, 9.0)
    assert known_before(right[::-1], margins[::-1], now[::-1]) == quarters


def test_without_margins_there_are_no_quarters() -> None:
    assert known_before([True] * 8, [0.0] * 8, [True] * 8) == ()
    assert known_before([True] * 3, [1.0, 2.0, 3.0], [True] * 3) == ()
    with pytest.raises(ValueError, match="finite"):
        known_before([True], [float("inf")], [True])
    with pytest.raises(ValueError, match="argument 2"):
        known_before([True], [1.0, 2.0], [True])
