"""How often and in which order examples are seen."""

import dataclasses
import math

import pytest

from cem_toolkit.api import CemError, Row
from cem_trl.encoding import Example
from cem_trl.order import training_order

Encoded = list[tuple[Row, list[Example]]]


def encoded(weights: list[float]) -> Encoded:
    """One example for each row, told apart by its token, of growing length."""
    row = Row.make(kind="general", prompt="", completion="x", parents=())
    return [
        (
            dataclasses.replace(row, id=f"r-{index}", weight=weight),
            [Example([index] * (index + 1), [index] * (index + 1))],
        )
        for index, weight in enumerate(weights)
    ]


def tokens(rows: Encoded, *, epochs: int = 1, batch_size: int = 1, seed: int = 0) -> list[int]:
    return [each.input_ids[0] for each in training_order(rows, epochs=epochs, batch_size=batch_size, seed=seed)]


def test_a_weight_is_how_often_a_row_is_seen_in_an_epoch() -> None:
    seen = tokens(encoded([0.0, 1.0, 3.0]), epochs=2)
    assert [seen.count(row) for row in range(3)] == [0, 2, 6]


def test_fractions_are_rounded_by_chance_anew_in_every_epoch() -> None:
    seen = tokens(encoded([1.25]), epochs=2000)
    assert 2400 < len(seen) < 2600


def test_the_order_is_the_seed_s() -> None:
    rows = encoded([1.0] * 9)
    assert tokens(rows, seed=1) == tokens(rows, seed=1) != tokens(rows, seed=2)


def test_every_epoch_has_all_rows_in_an_order_of_its_own() -> None:
    seen = tokens(encoded([1.0] * 9), epochs=2)
    assert sorted(seen[:9]) == sorted(seen[9:]) == list(range(9))
    assert seen[:9] != seen[9:]


def test_within_a_step_rows_go_by_length_and_steps_stay_mixed() -> None:
    rows = encoded([1.0] * 9)
    shuffled, stepped = tokens(rows), tokens(rows, batch_size=3)
    assert stepped == [row for start in (0, 3, 6) for row in sorted(shuffled[start : start + 3])]


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf])
def test_a_weight_that_is_no_number_of_times_is_an_error(weight: float) -> None:
    with pytest.raises(CemError, match="row r-0 has the weight"):
        tokens(encoded([weight]))
