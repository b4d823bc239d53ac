"""Paired statistics: against statsmodels, and on synthetic outcomes whose truth is known."""

import dataclasses
import itertools
import json
from collections import Counter

import numpy as np
import pytest
from scipy.stats import binom
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.multitest import multipletests

from cem_toolkit.outcomes import Outcome
from cem_toolkit.stats import (
    NoiseFloor,
    accuracy_interval,
    adjusted,
    change_interval,
    compare,
    mcnemar,
    noise_floor,
    rates,
    sign_flip,
)

Pairs = list[tuple[bool, bool]]
STAYED, FIXED, BROKEN = (True, True), (False, True), (True, False)


def outcomes(
    rng: np.random.Generator, n: int, size: int, fix: float, broke: float, icc: float = 0.3
) -> tuple[Pairs, list[str] | None]:
    """Questions in groups of `size`, whose chances of being fixed and broken differ from group to group (Dirichlet)."""
    truth = np.array([fix, broke, 1 - fix - broke])
    if size == 1:
        counts = rng.multinomial(n, truth)[np.newaxis]
    else:
        counts = rng.multinomial(size, rng.dirichlet(truth * (1 / icc - 1), size=n // size))
    pairs, groups = [], []
    for name, (fixed, broken, stayed) in enumerate(counts):
        pairs += [FIXED] * fixed + [BROKEN] * broken + [STAYED] * stayed
        groups += [str(name)] * int(fixed + broken + stayed)
    return pairs, groups if size > 1 else None


def test_mcnemar_is_that_of_statsmodels() -> None:
    for fixed, broken in itertools.product([0, 1, 2, 3, 7, 20, 150], repeat=2):
        if fixed + broken:
            table = [[10, broken], [fixed, 10]]
            assert mcnemar(fixed, broken) == pytest.approx(reference_mcnemar(table, exact=True).pvalue, rel=1e-9)
    assert mcnemar(0, 0) == 1.0


def test_sign_flip_counts_every_swap() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        nets = rng.integers(-4, 6, size=9).tolist()
        swapped = [sum(sign * net for sign, net in zip(signs, nets, strict=True)) for signs in _signs(len(nets))]
        share = np.mean([abs(value) >= abs(sum(nets)) for value in swapped])
        clusters = Counter((max(net, 0), max(-net, 0), 6) for net in nets)
        assert sign_flip(clusters) == pytest.approx(share, abs=1e-12)


def _signs(length: int) -> "itertools.product[tuple[int, ...]]":
    return itertools.product([1, -1], repeat=length)


def test_rounding_makes_no_probability_of_0() -> None:
    assert 0 < compare([FIXED] * 4000, [str(index // 4) for index in range(4000)], draws=100).p < 1e-9


def test_holm_is_that_of_statsmodels() -> None:
    base = compare([FIXED, STAYED], draws=10)
    rng = np.random.default_rng(0)
    for size in (1, 2, 5, 12):
        chances = rng.beta(0.3, 1, size)
        rejected, reference, *_ = multipletests(chances, alpha=0.05, method="holm")
        family = {str(index): dataclasses.replace(base, p=p) for index, p in enumerate(chances)}
        results = adjusted(family)
        assert list(results) == list(family)
        assert [change.p_adjusted for change in results.values()] == pytest.approx(list(reference))
        assert [change.verdict == "better" for change in results.values()] == list(rejected)


@pytest.mark.parametrize(
    ("n", "size"), [(50, 1), (100, 1), (300, 1), (1000, 1), (50, 5), (100, 10), (300, 5), (1000, 10)]
)
@pytest.mark.parametrize(("fix", "broke"), [(0.03, 0.03), (0.2, 0.05)])
def test_interval_covers_the_truth(n: int, size: int, fix: float, broke: float) -> None:
    rng, times = np.random.default_rng(n + size), 200
    covered = 0
    for _ in range(times):
        interval = change_interval(*outcomes(rng, n, size, fix, broke), draws=500)
        covered += interval.low <= fix - broke <= interval.high
    # So few in a hundred simulations where the interval covers at its level exactly.
    assert covered >= binom.ppf(0.01, times, 0.95)


def test_no_change_is_not_called_one() -> None:
    rng = np.random.default_rng(0)
    quiet = []
    for n, size in [(50, 1), (300, 1), (100, 5), (600, 10)]:
        verdicts = Counter(compare(*outcomes(rng, n, size, 0.08, 0.08), draws=1).verdict for _ in range(1000))
        quiet.append(verdicts["no change shown"])
    assert sum(quiet) >= 950 * len(quiet)
    assert min(quiet) >= binom.ppf(0.01, 1000, 0.95)


def test_no_change_is_not_called_one_in_a_family() -> None:
    rng = np.random.default_rng(0)
    sizes = {"a": 1, "b": 5, "c": 1, "d": 5}
    quiet = 0
    for _ in range(1000):
        family = {name: compare(*outcomes(rng, 100, size, 0.1, 0.1), draws=1) for name, size in sizes.items()}
        quiet += all(change.verdict == "no change shown" for change in adjusted(family).values())
    assert quiet >= 950


def test_a_change_has_its_direction() -> None:
    gain = [FIXED] * 20 + [BROKEN] * 2 + [STAYED] * 78
    better, worse = compare(gain), compare([(now, before) for before, now in gain])
    assert (better.verdict, worse.verdict) == ("better", "worse")
    assert better.points == -worse.points == pytest.approx(0.18)
    assert 0 < better.low < 0.18 < better.high < 1
    assert (better.n, better.right_before, better.right_after, better.fixed, better.broken) == (100, 80, 98, 20, 2)


def test_a_group_is_no_more_evidence_than_it_has_questions_of_its_own() -> None:
    """Twelve questions fixed in two groups may be two things learnt."""
    pairs = [FIXED] * 12 + [STAYED] * 88
    alone, grouped = compare(pairs), compare(pairs, [str(index // 6) for index in range(100)])
    assert alone.verdict == "better" and alone.groups == 100
    assert grouped.verdict == "no change shown" and grouped.groups == 17
    assert grouped.p == 0.5 and grouped.p_mcnemar == alone.p_mcnemar == alone.p
    assert grouped.high - grouped.low > alone.high - alone.low


def test_nothing_seen_to_change_is_no_proof_that_nothing_can() -> None:
    small, large = change_interval([STAYED] * 50), change_interval([STAYED] * 5000)
    assert small.low < large.low < 0 < large.high < small.high < 0.1


def test_groups_that_go_one_way_are_as_single_questions() -> None:
    single = [FIXED] * 5 + [BROKEN] + [STAYED] * 14
    for pairs in (single, [STAYED] * 10, [FIXED]):
        grouped = [pair for pair in pairs for _ in range(4)]
        groups = [str(index // 4) for index in range(len(grouped))]
        once, whole = compare(pairs), compare(grouped, groups)
        assert (whole.low, whole.high) == pytest.approx((once.low, once.high))
        assert whole.p == pytest.approx(once.p)


def test_same_seed_same_figures_in_any_order() -> None:
    pairs, groups = outcomes(np.random.default_rng(0), 200, 5, 0.2, 0.1)
    assert groups is not None
    groups[:20] = [""] * 20
    order = np.random.default_rng(1).permutation(200)
    once = compare(pairs, groups, seed=1)
    again = compare([pairs[at] for at in order], [groups[at] and f"new {groups[at]}" for at in order], seed=1)
    assert once == again
    assert once != compare(pairs, groups, seed=2)
    assert json.loads(json.dumps(dataclasses.asdict(once))) == dataclasses.asdict(once)


def test_accuracy_interval_covers_whatever_the_truth() -> None:
    for n in (10, 50, 300):
        intervals = [accuracy_interval(right, n) for right in range(n + 1)]
        for truth in np.linspace(0.001, 0.999, 200):
            covering = [right for right, each in enumerate(intervals) if each.low <= truth <= each.high]
            assert binom.pmf(covering, n, truth).sum() >= 0.95


def test_rates_have_their_denominators() -> None:
    found = rates(Outcome(n=100, right_before=60, right_after=65, fixed=10, broken=5))
    assert [(name, each.count, each.of, each.share) for name, each in found.items()] == [
        ("fix_rate", 10, 40, 0.25),
        ("break_rate", 5, 60, 5 / 60),
        ("wrong_to_right", 10, 100, 0.1),
        ("right_to_wrong", 5, 100, 0.05),
    ]
    none_wrong = rates(Outcome(n=2, right_before=2, right_after=2, fixed=0, broken=0))["fix_rate"]
    assert (none_wrong.of, none_wrong.share, none_wrong.low, none_wrong.high) == (0, None, None, None)


def test_noise_floor_holds_for_two_more_runs() -> None:
    rng = np.random.default_rng(0)
    beyond = 0
    for *repeats, one, another in rng.normal(0.5, 0.01, (2000, 6)).tolist():
        floor = noise_floor(repeats)
        assert floor is not None
        beyond += abs(one - another) > floor.half_width
    assert binom.ppf(0.01, 2000, 0.05) <= beyond <= binom.ppf(0.99, 2000, 0.05)


def test_one_run_has_no_noise_floor() -> None:
    assert noise_floor([0.5]) is None
    assert noise_floor([0.5, 0.5]) == NoiseFloor(n=2, mean=0.5, sd=0.0, half_width=0.0, level=0.95)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="no questions"):
        compare([])
    with pytest.raises(ValueError, match="1 questions, but 2 groups"):
        compare([FIXED], ["a", "b"])
    for right, n in ((0, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="no share"):
            accuracy_interval(right, n)
    with pytest.raises(ValueError, match="counts"):
        mcnemar(-1, 2)
    with pytest.raises(ValueError, match="level"):
        change_interval([FIXED], level=95)
    with pytest.raises(ValueError, match="draws"):
        change_interval([FIXED], draws=0)
    with pytest.raises(ValueError, match="finite"):
        noise_floor([0.1, float("nan")])
