"""Estimates of a whole set of questions of which only a part was asked again (`cem_toolkit.retest`).

A set is two strata: questions that the training could have touched, all of them asked, and the rest, of which a simple
random sample was asked. This is double sampling for stratification (Neyman 1938; Cochran, *Sampling Techniques*, 1977,
chapter 12): the set's questions are the first sample, of all the questions there could be; those asked are the second.
docs/statistics.md tells it with its formulas, and how often the intervals are wrong. Imports numpy, as `stats` does.
"""

from collections import Counter
from dataclasses import dataclass
from math import sqrt

from scipy import special

from cem_toolkit.outcomes import Outcome, Pairs
from cem_toolkit.stats import ALPHA, LEVEL, Change, Interval, accuracy_interval, bootstrap, cluster, compare, verdict


@dataclass(frozen=True)
class Share:
    """An accuracy and its interval; an estimate where only a part of the set was asked."""

    share: float
    low: float
    high: float


@dataclass(frozen=True)
class _Stratum:
    share: float
    """Of the set's questions."""
    pairs: list[tuple[bool, bool]]
    groups: list[str]
    asked: float
    """Share of the stratum's questions that was asked."""

    @property
    def points(self) -> float:
        """0 where none was asked: the interval is then all there can be."""
        return sum(now - then for then, now in self.pairs) / len(self.pairs) if self.pairs else 0.0

    def interval(self, level: float, by_groups: bool = True) -> Interval:
        if not self.pairs:
            return Interval(-1.0, 1.0)
        return bootstrap(cluster(self.pairs, self.groups if by_groups else None), level=level)


def compare_set(found: Pairs, *, level: float = LEVEL, alpha: float = ALPHA) -> Change:
    """The change of a set; `stats.compare` where all of it was asked. Raises ValueError where none was."""
    if found.asked == found.total:
        return compare(found.pairs, found.groups, level=level, alpha=alpha)
    strata = _strata(found)
    interval = _interval(found, strata, level)
    outcome, points = Outcome.of(found.pairs), _points(strata)
    if found.known is not None:
        before = found.known / found.total
    else:
        before = sum(one.share * sum(then for then, _ in one.pairs) / max(1, len(one.pairs)) for one in strata)
    p = p_of(points, interval, level)
    return Change(
        n=outcome.n,
        total=found.total,
        groups=cluster(found.pairs, found.groups).total(),
        right_before=outcome.right_before,
        right_after=outcome.right_after,
        fixed=outcome.fixed,
        broken=outcome.broken,
        share_before=before,
        share_after=min(1.0, max(0.0, before + points)),
        points=points,
        level=level,
        low=interval.low,
        high=interval.high,
        p_mcnemar=None,
        p=p,
        p_adjusted=p,
        verdict=verdict(points, p, alpha),
    )


def share_right(found: Pairs) -> float:
    """How many are right now, as a share of the set: counted, or the estimate that `accuracy` gives."""
    if found.asked == found.total or found.known is None:
        return sum(now for _, now in found.pairs) / found.asked
    return min(1.0, max(0.0, found.known / found.total + _points(_strata(found))))


def accuracy(found: Pairs, level: float = LEVEL) -> Share:
    """Of the model that answered later. Where a part was asked it is the accuracy before, which is known of the whole
    set, and the estimated change: the difference estimator (Cochran 1977, chapter 7).

    Its interval is the one of a full test with that accuracy, and by square-and-add what the sample leaves open of it.
    Raises ValueError where no question was asked, or not all were asked before.
    """
    if found.asked == found.total:
        full = accuracy_interval(sum(now for _, now in found.pairs), found.total, level)
        return Share(share_right(found), full.low, full.high)
    if found.known is None or not found.pairs:
        raise ValueError("an accuracy is estimated from a change, which needs all questions asked before and some now")
    strata = _strata(found)
    share = share_right(found)
    full = _clopper_pearson(share, found.total, level)
    below = above = 0.0
    for one in strata:
        if one.asked == 1:
            continue
        # Single questions were drawn, not groups; and the fewer were left out, the less is open.
        sampling = one.interval(level, by_groups=False)
        open_part = one.share**2 * (1 - one.asked)
        below += open_part * (one.points - sampling.low) ** 2
        above += open_part * (sampling.high - one.points) ** 2
    low = share - sqrt((share - full.low) ** 2 + below)
    high = share + sqrt((full.high - share) ** 2 + above)
    return Share(share, max(0.0, low), min(1.0, high))


def p_of(points: float, interval: Interval, level: float) -> float:
    """The two-sided p that goes with an interval at `level` (Altman and Bland, BMJ 2011, 343:d2304): it is at most
    1 - `level` exactly where 0 is outside the interval, its ends included."""
    reach = points - interval.low if points > 0 else interval.high - points
    if points == 0 or reach <= 0:
        return 1.0
    return float(2 * special.ndtr(special.ndtri((1 - level) / 2) * abs(points) / reach))


def _strata(found: Pairs) -> tuple[_Stratum, _Stratum]:
    """What is known for certain, and what was drawn for the rest."""
    sizes = {False: found.drawn.count(False)}
    sizes[True] = found.total - sizes[False]

    def stratum(drawn: bool) -> _Stratum:
        places = [place for place, of_rest in enumerate(found.drawn) if of_rest is drawn]
        pairs, groups = [found.pairs[place] for place in places], [found.groups[place] for place in places]
        return _Stratum(sizes[drawn] / found.total, pairs, groups, len(pairs) / sizes[drawn] if sizes[drawn] else 1.0)

    return stratum(False), stratum(True)


def _points(strata: tuple[_Stratum, _Stratum]) -> float:
    return sum(one.share * one.points for one in strata)


def _interval(found: Pairs, strata: tuple[_Stratum, _Stratum], level: float) -> Interval:
    """Each stratum's own interval, weighted by its share, and the chance in how large the strata are, put together by
    square-and-add (MOVER: Zou and Donner 2008)."""
    points = _points(strata)
    reach = float(special.ndtri((1 + level) / 2)) ** 2
    below = above = reach * _between(found, strata, points)
    for one in strata:
        if one.share:
            interval = one.interval(level)
            below += (one.share * (one.points - interval.low)) ** 2
            above += (one.share * (interval.high - one.points)) ** 2
    return Interval(max(-1.0, points - sqrt(below)), min(1.0, points + sqrt(above)))


def _between(found: Pairs, strata: tuple[_Stratum, _Stratum], points: float) -> float:
    """The variance of the change that comes of the strata's sizes: the second term of double sampling's, by groups."""
    sure, rest = strata
    sizes = Counter(group for group in sure.groups if group)
    squares = sum(size**2 for size in sizes.values()) + sure.groups.count("")
    return (squares * (sure.points - points) ** 2 + (found.squares - squares) * (rest.points - points) ** 2) / (
        found.total**2
    )


def _clopper_pearson(share: float, n: int, level: float) -> Interval:
    """As `stats.accuracy_interval`, of a share that need not be a whole number of questions."""
    right, tail = share * n, (1 - level) / 2
    low = float(special.betaincinv(right, n - right + 1, tail)) if right > 0 else 0.0
    high = float(special.betaincinv(right + 1, n - right, 1 - tail)) if right < n else 1.0
    return Interval(low, high)
