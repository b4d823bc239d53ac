"""Rows that are padded together: all of them, in order, in the least time."""

import itertools

import pytest

from cem_trl import padding


@pytest.mark.parametrize(
    "lengths", [[7], [3, 3, 3], [1, 1, 2, 9, 9], [5, 1, 8, 2, 8, 8, 1], [2, 40, 41, 90, 3]], ids=str
)
@pytest.mark.parametrize("cost", [0, 4, 10_000])
def test_no_other_runs_take_less(monkeypatch: pytest.MonkeyPatch, lengths: list[int], cost: int) -> None:
    monkeypatch.setattr(padding, "PASS", cost)
    found = padding.runs(lengths)
    assert [row for rows, _ in found for row in range(len(lengths))[rows]] == list(range(len(lengths)))
    assert all(longest == max(lengths[rows]) for rows, longest in found)

    def time(ends: tuple[int, ...]) -> int:
        bounds = [0, *ends, len(lengths)]
        return sum((end - start) * max(lengths[start:end]) + cost for start, end in itertools.pairwise(bounds))

    inner = range(1, len(lengths))
    every = [ends for count in range(len(lengths)) for ends in itertools.combinations(inner, count)]
    assert time(tuple(rows.stop for rows, _ in found[:-1])) == min(map(time, every))


def test_one_long_row_pads_no_short_ones() -> None:
    assert padding.runs([20] * 15 + [120]) == [(slice(0, 15), 20), (slice(15, 16), 120)]
    assert padding.runs([20] * 15 + [21]) == [(slice(0, 16), 21)]
