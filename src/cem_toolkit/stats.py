"""Is a change more than chance? Paired statistics of the same questions, asked before and after.

Imports numpy and scipy: import this module only inside the functions that use it, never where a command starts.
What the figures mean, and how often they are wrong on outcomes of known truth: docs/statistics.md.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import fft, special
from scipy.stats import binomtest

from cem_toolkit.outcomes import Outcome

Verdict = Literal["better", "worse", "no change shown"]
Clusters = Counter[tuple[int, int, int]]
"""How many clusters there are of every (fixed, broken, questions). Nothing else of a cluster matters here, so 100,000
questions come to few entries."""

LEVEL = 0.95
ALPHA = 0.05
DRAWS = 10_000
_AT_ONCE = 1_000_000
"""So many counts of the bootstrap are held in memory at a time."""


@dataclass(frozen=True)
class Interval:
    low: float
    high: float


@dataclass(frozen=True)
class Rate:
    """`count` of `of`, with a confidence interval; the share and its interval are None where `of` is 0."""

    count: int
    of: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Change:
    """What became of the same questions; JSON-safe by `dataclasses.asdict`.

    Where only a part of them was asked (`n` < `total`), counts and groups are of that part; shares, points, interval
    and p are estimates for all of them (`cem_toolkit.stratified`)."""

    n: int
    """How many were asked."""
    total: int
    """How many there are."""
    groups: int
    """How many clusters the questions make: every group, and every question without one."""
    right_before: int
    right_after: int
    fixed: int
    broken: int
    share_before: float
    """right_before / n"""
    share_after: float
    points: float
    """The difference of the shares, (right_after - right_before) / n, from -1 to 1."""
    level: float
    low: float
    high: float
    """The ends of the confidence interval of `points` at `level`, not adjusted for other comparisons."""
    p_mcnemar: float | None
    """McNemar's exact p, which takes every question for independent; None where a part was asked."""
    p: float
    """The exact p by groups (`sign_flip`); the same as McNemar's where every question stands alone. Where a part was
    asked, the p that goes with the interval."""
    p_adjusted: float
    """`p` after Holm's correction over a family of comparisons (`adjusted`); `p` itself before."""
    verdict: Verdict
    """By `p_adjusted`."""


@dataclass(frozen=True)
class NoiseFloor:
    """What repeated runs of one recipe, differing in the seed alone, differ by."""

    n: int
    mean: float
    sd: float
    """The sample standard deviation."""
    half_width: float
    """Two runs of the recipe differ by less than this with probability `level`."""
    level: float


def mcnemar(fixed: int, broken: int) -> float:
    """McNemar's exact two-sided p: are `fixed` and `broken` halves of one coin? 1.0 where both are 0."""
    if fixed < 0 or broken < 0:
        raise ValueError(f"fixed and broken are counts, not {fixed} and {broken}")
    return min(1.0, 2 * float(special.bdtr(min(fixed, broken), fixed + broken, 0.5)))


def sign_flip(clusters: Clusters) -> float:
    """The exact two-sided p of the paired sign-flip (permutation) test over clusters.

    If training did nothing, "before" and "after" could as well be swapped in any cluster. The p is the probability that
    the net change is at least as large as it is when every cluster is swapped or not by a coin. All swaps are counted,
    by the product of the clusters' generating functions in Fourier space, so there is no seed; below 1e-14, where
    rounding would decide, p is given as 1e-14. Where no cluster changed by more than one question, this is McNemar's
    exact test.
    """
    nets = Counter[int]()
    for (fixed, broken, _), count in clusters.items():
        nets[fixed - broken] += count
    if all(abs(net) <= 1 for net in nets):
        return mcnemar(nets[1], nets[-1])
    moved = sum(abs(net) * count for net, count in nets.items())
    change = abs(sum(net * count for net, count in nets.items()))
    # A flip gives a cluster of net change k either 0 or k; the sum of these is (moved + change) / 2 as it stands.
    size = fft.next_fast_len(moved + 1, real=True)
    steps = np.arange(size // 2 + 1, dtype=np.int64)
    product = np.ones(len(steps), dtype=np.complex128)
    for net, count in sorted(nets.items()):  # in one order, for the same rounding errors
        product *= ((1 + np.exp(-2j * np.pi * (steps * abs(net) % size) / size)) / 2) ** count
    chances = fft.irfft(product, size)
    return float(np.clip(2 * chances[(moved + change) // 2 : moved + 1].sum(), 1e-14, 1)) if change else 1.0


def accuracy_interval(right: int, n: int, level: float = LEVEL) -> Interval:
    """The exact (Clopper-Pearson) interval of a share: it covers at least at its level whatever the truth is.

    It takes the questions for independent."""
    _check_level(level)
    if n < 1 or not 0 <= right <= n:
        raise ValueError(f"{right} right of {n} is no share")
    interval = binomtest(right, n).proportion_ci(level, method="exact")
    return Interval(float(interval.low), float(interval.high))


def rate(count: int, of: int, level: float = LEVEL) -> Rate:
    if of == 0 == count:
        return Rate(0, 0, None, None, None)
    interval = accuracy_interval(count, of, level)
    return Rate(count, of, count / of, interval.low, interval.high)


def rates(outcome: Outcome, level: float = LEVEL) -> dict[str, Rate]:
    """The fix rate (of those wrong before), the break rate (of those right before), and both moves as shares of all."""
    return {
        "fix_rate": rate(outcome.fixed, outcome.n - outcome.right_before, level),
        "break_rate": rate(outcome.broken, outcome.right_before, level),
        "wrong_to_right": rate(outcome.fixed, outcome.n, level),
        "right_to_wrong": rate(outcome.broken, outcome.n, level),
    }


def cluster(pairs: Sequence[tuple[bool, bool]], groups: Sequence[str] | None = None) -> Clusters:
    """The clusters that the groups make; a question whose group is "" is a cluster of its own.

    `pairs` hold (right before, right now) of each question and `groups` their groups in the same order."""
    if groups is not None and len(groups) != len(pairs):
        raise ValueError(f"{len(pairs)} questions, but {len(groups)} groups")
    if not len(pairs):
        raise ValueError("there are no questions to compare")
    seen: dict[str, list[int]] = {}
    clusters: Clusters = Counter()
    for index, (before, now) in enumerate(pairs):
        group = groups[index] if groups is not None else ""
        fixed, broken = int(now and not before), int(before and not now)
        if group:
            sums = seen.setdefault(group, [0, 0, 0])
            sums[0] += fixed
            sums[1] += broken
            sums[2] += 1
        else:
            clusters[fixed, broken, 1] += 1
    clusters.update((fixed, broken, size) for fixed, broken, size in seen.values())
    return clusters


def change_interval(
    pairs: Sequence[tuple[bool, bool]],
    groups: Sequence[str] | None = None,
    *,
    level: float = LEVEL,
    seed: int = 0,
    draws: int = DRAWS,
) -> Interval:
    """The paired bootstrap's confidence interval of (right after - right before) / n. See `bootstrap`."""
    return bootstrap(cluster(pairs, groups), level=level, seed=seed, draws=draws)


def bootstrap(clusters: Clusters, *, level: float = LEVEL, seed: int = 0, draws: int = DRAWS) -> Interval:
    """Whole clusters are drawn with replacement (questions of one group are no independent evidence: Miller,
    arXiv 2411.00640), with two corrections without which the percentile interval is too narrow for small samples:

    - one fixed and one broken question are added, as Bonett and Price (2012) do for the normal interval, so that
      nothing seen to change is not taken for proof that nothing can; where there are groups, each counts for as many
      questions as are worth one independent question (the design effect, from 1 to the mean size of a group);
    - percentiles are taken further out, as Student's t is wider than the normal (Hesterberg, arXiv 1411.5279).

    One cluster alone tells nothing of others: the interval is then [-1, 1].
    """
    _check_level(level)
    if draws < 1:
        raise ValueError(f"draws must be at least 1, not {draws}")
    total = clusters.total()
    if total < 2:
        return Interval(-1.0, 1.0)
    # Sorted, so that the same clusters give the same interval in whatever order they came.
    kinds, counts = np.array(sorted(clusters), float), np.array([clusters[kind] for kind in sorted(clusters)], float)
    net, size = kinds[:, 0] - kinds[:, 1], kinds[:, 2]
    seen = float(counts @ net / (counts @ size))
    weight = _design_effect(kinds, counts)
    values = np.column_stack([np.append(net, [weight, -weight]), np.append(size, [weight, weight])])
    counts = np.append(counts, [1, 1])
    random, changes = np.random.default_rng(seed), []
    step = max(1, _AT_ONCE // len(counts))
    for start in range(0, draws, step):
        drawn = random.multinomial(total + 2, counts / counts.sum(), size=min(step, draws - start))
        nets, sizes = (drawn @ values).T
        changes.append(nets / sizes)
    reach = np.sqrt(total / (total - 1)) * special.stdtrit(total - 1, (1 - level) / 2)
    tail = special.ndtr(reach)
    drawn_changes = np.concatenate(changes)
    low = np.quantile(drawn_changes, tail, method="inverted_cdf")
    high = -np.quantile(-drawn_changes, tail, method="inverted_cdf")
    # The added questions draw the interval towards 0; it must hold what was seen all the same.
    return Interval(float(min(low, seen)), float(max(high, seen)))


def compare(
    pairs: Sequence[tuple[bool, bool]],
    groups: Sequence[str] | None = None,
    *,
    level: float = LEVEL,
    alpha: float = ALPHA,
    seed: int = 0,
    draws: int = DRAWS,
) -> Change:
    """`pairs` hold (right before, right now) of each question and `groups` their groups in the same order, "" for none.

    Raises ValueError where there are no questions or the lengths differ.
    """
    clusters = cluster(pairs, groups)
    outcome = Outcome.of((bool(before), bool(now)) for before, now in pairs)
    interval = bootstrap(clusters, level=level, seed=seed, draws=draws)
    p = sign_flip(clusters)
    points = (outcome.right_after - outcome.right_before) / outcome.n
    return Change(
        n=outcome.n,
        total=outcome.n,
        groups=clusters.total(),
        right_before=outcome.right_before,
        right_after=outcome.right_after,
        fixed=outcome.fixed,
        broken=outcome.broken,
        share_before=outcome.right_before / outcome.n,
        share_after=outcome.right_after / outcome.n,
        points=points,
        level=level,
        low=interval.low,
        high=interval.high,
        p_mcnemar=mcnemar(outcome.fixed, outcome.broken),
        p=p,
        p_adjusted=p,
        verdict=verdict(points, p, alpha),
    )


def adjusted(changes: Mapping[str, Change], alpha: float = ALPHA) -> dict[str, Change]:
    """The same changes with `p_adjusted` and `verdict` by Holm's method (1979): the probability of calling any change
    where there is none is at most `alpha` for the whole family."""
    results: dict[str, Change] = {}
    largest = 0.0
    for rank, name in enumerate(sorted(changes, key=lambda name: (changes[name].p, name))):
        change = changes[name]
        largest = min(1.0, max(largest, change.p * (len(changes) - rank)))
        results[name] = replace(change, p_adjusted=largest, verdict=verdict(change.points, largest, alpha))
    return {name: results[name] for name in changes}


def noise_floor(values: Sequence[float], level: float = LEVEL) -> NoiseFloor | None:
    """From one figure of repeated runs of one recipe; None for fewer than two runs.

    The difference of two further runs is within t(level, n - 1) * sd * sqrt(2) with probability `level`, where runs
    are normally distributed. Two or three runs tell little: t is then 12.7 and 4.3.
    """
    _check_level(level)
    if not np.all(np.isfinite(values)):
        raise ValueError("a figure of a run is not a finite number")
    if len(values) < 2:
        return None
    sd = float(stdev(values))
    t = float(special.stdtrit(len(values) - 1, (1 + level) / 2))
    return NoiseFloor(len(values), float(fmean(values)), sd, t * sd * 2**0.5, level)


def _design_effect(kinds: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    """How many times the variance of the change is what it would be for independent questions (Kish 1965)."""
    fixed, broken, size = kinds.T
    total, questions = counts.sum(), counts @ size
    change = counts @ (fixed - broken) / questions
    by_cluster = counts @ (fixed - broken - change * size) ** 2 * total / (total - 1)
    by_question = counts @ (fixed + broken) - questions * change**2
    largest = questions / total
    return float(np.clip(by_cluster / by_question if by_question > 0 else largest, 1, largest))


def verdict(points: float, p: float, alpha: float = ALPHA) -> Verdict:
    if p > alpha or points == 0:
        return "no change shown"
    return "better" if points > 0 else "worse"


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"a level is between 0 and 1, not {level}")
