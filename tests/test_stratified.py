"""Estimates from a part of the questions: formulas, limits, and coverage on simulated outcomes of known truth."""

import numpy as np
import pytest

from cem_toolkit.outcomes import Pairs
from cem_toolkit.stats import accuracy_interval, adjusted, compare
from cem_toolkit.stratified import accuracy, compare_set, p_of, share_right

STAYED, LEARNT, BROKEN, WRONG = (True, True), (False, True), (True, False), (False, False)


def part(touched: list[tuple[bool, bool]], drawn: list[tuple[bool, bool]], total: int, known: int | None) -> Pairs:
    both = [*touched, *drawn]
    flags = [False] * len(touched) + [True] * len(drawn)
    return Pairs(pairs=both, groups=[""] * len(both), drawn=flags, total=total, squares=total, known=known)


def test_what_was_drawn_stands_for_the_rest() -> None:
    found = part([LEARNT] * 10 + [WRONG] * 10, [STAYED] * 18 + [BROKEN] * 2, total=100, known=70)
    change = compare_set(found)
    assert change.points == pytest.approx(0.2 * 0.5 + 0.8 * -0.1)
    assert (change.n, change.total, change.fixed, change.broken) == (40, 100, 10, 2), "counts are of those asked"
    assert change.share_before == 0.7, "known of all of them"
    assert change.share_after == pytest.approx(share_right(found)) == pytest.approx(0.72)
    assert change.low < change.points < change.high
    assert change.p_mcnemar is None


def test_a_whole_set_is_counted_as_ever() -> None:
    pairs = [LEARNT] * 9 + [STAYED] * 30 + [BROKEN]
    found = Pairs(pairs=pairs, groups=[""] * 40, drawn=[False] * 40, total=40, squares=40, known=31)
    assert compare_set(found) == compare(pairs, [""] * 40)
    assert share_right(found) == 39 / 40
    told, interval = accuracy(found), accuracy_interval(39, 40)
    assert (told.share, told.low, told.high) == (39 / 40, interval.low, interval.high)


def test_the_less_is_asked_the_less_is_known() -> None:
    def widths(drawn: int) -> tuple[float, float]:
        found = part(
            [LEARNT] * 30 + [WRONG] * 30, [STAYED] * (drawn - drawn // 10) + [BROKEN] * (drawn // 10), 460, 400
        )
        change, share = compare_set(found), accuracy(found)
        return change.high - change.low, share.high - share.low

    fewer, some, more = widths(20), widths(100), widths(390)
    assert fewer[0] > some[0] > more[0]
    assert fewer[1] > some[1] > more[1]
    full = accuracy_interval(390, 460)
    assert more[1] == pytest.approx(full.high - full.low, rel=0.05), "with nearly all asked it is a full test's"


def test_of_a_part_that_nothing_was_drawn_from_anything_may_be_true() -> None:
    found = part([STAYED] * 20, [], total=40, known=30)
    change = compare_set(found)
    assert change.low < -0.49
    assert change.high > 0.49
    assert change.verdict == "no change shown"
    assert accuracy(found).low < 0.3


def test_p_goes_with_the_interval_and_is_corrected_like_any() -> None:
    found = part([LEARNT] * 10 + [WRONG] * 10, [STAYED] * 60, total=100, known=80)
    change = compare_set(found)
    assert change.low > 0
    assert change.p < 0.05
    family = adjusted({"a": change, **{str(number): compare([STAYED] * 9) for number in range(9)}})
    assert family["a"].p_adjusted == pytest.approx(10 * change.p)
    for low, outside in ((-0.001, False), (0.001, True)):
        assert (p_of(0.1, type("", (), {"low": low, "high": 0.2})(), 0.95) <= 0.05) == outside
        assert (p_of(-0.1, type("", (), {"low": -0.2, "high": -low})(), 0.95) <= 0.05) == outside


def test_those_asked_alone_would_show_a_gain_that_is_none() -> None:
    """Touched questions were chosen for being wrong: some of them are right by chance when asked again."""
    found = part([LEARNT] * 20 + [WRONG] * 80, [STAYED] * 64 + [BROKEN] * 16, total=200, known=100)
    assert compare([*found.pairs], [*found.groups]).points > 0
    assert compare_set(found).points == pytest.approx(0.0)
    lucky = part([LEARNT] * 20 + [WRONG] * 80, [STAYED] * 16 + [BROKEN] * 4, total=200, known=100)
    assert compare(lucky.pairs).verdict == "better"
    assert compare_set(lucky).verdict == "no change shown"


@pytest.mark.parametrize("size", [1, 4])
def test_intervals_cover_at_about_their_level(size: int) -> None:
    """Half of the wrong questions are taught, which fixes some; a third of what that could not touch is asked."""
    rng = np.random.default_rng(5)
    kinds, chances, effect = np.array([LEARNT, BROKEN, WRONG, STAYED]), np.array([0.05, 0.05, 0.4, 0.5]), 0.3
    truth, right, outcomes, count = 0.5 * effect * 0.4, 0.55 + 0.5 * effect * 0.4, 300, 240 // size
    covered = accurate = called = 0
    for _ in range(outcomes):
        each = rng.dirichlet(chances * 4, count) if size > 1 else np.tile(chances, (count, 1))
        drawn = np.array([rng.choice(4, size, p=p) for p in each])
        taught = ~kinds[drawn][:, :, 0] & (rng.random(drawn.shape) < 0.5)
        drawn[taught & (drawn == 2) & (rng.random(drawn.shape) < effect)] = 0
        touched = np.repeat(taught.any(axis=1), size)
        rest = np.flatnonzero(~touched)
        sample = rng.choice(rest, len(rest) // 3, replace=False)
        asked = [*np.flatnonzero(touched), *sample]
        pairs = [(bool(before), bool(now)) for before, now in kinds[drawn.ravel()]]
        found = Pairs(
            pairs=[pairs[place] for place in asked],
            groups=[str(place // size) if size > 1 else "" for place in asked],
            drawn=[not touched[place] for place in asked],
            total=len(pairs),
            squares=len(pairs) * size,
            known=sum(before for before, _ in pairs),
        )
        change, share = compare_set(found), accuracy(found)
        covered += change.low <= truth <= change.high
        accurate += share.low <= right <= share.high
        called += change.verdict == "worse"
    assert covered / outcomes >= 0.93
    assert size > 1 or accurate / outcomes >= 0.93, "an accuracy's interval takes questions for independent"
    assert called / outcomes <= 0.03
