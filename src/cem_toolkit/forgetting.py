"""What was learnt, kept and lost over the rounds.

The round-by-task matrix and its figures are those of continual learning (Lopez-Paz and Ranzato, arXiv 1706.08840; the
survey arXiv 2402.01364), forgetting is that of Chaudhry et al. (arXiv 1801.10112).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

Accuracy = float | None
"""From 0 to 1; None where there was nothing to measure."""


@dataclass(frozen=True)
class Forgetting:
    """The matrix R of accuracies and what is read off it; JSON-safe by `dataclasses.asdict`."""

    labels: tuple[str, ...]
    """The columns: tasks, or the mistakes of a round."""
    trained_in: tuple[int | None, ...]
    """By column, the round that trained on it; None for what belongs to no round, such as general tasks."""
    matrix: tuple[tuple[Accuracy, ...], ...]
    """By round from 0, the starting model, and by column."""
    forgetting: tuple[float | None, ...]
    """By column, the best accuracy after any earlier round (0 included) less the last; below 0 where the last is
    best."""
    average_performance: float | None
    """AP, the mean of the last row."""
    backward_transfer: float | None
    """BWT, the mean over the columns of all rounds but the last of R[last, j] - R[j, j]: below 0 is forgetting."""
    forward_transfer: float | None
    """FWT, the mean over the columns of rounds j from 2 on of R[j - 1, j] - R[0, j]: what came before it was
    trained on."""


@dataclass(frozen=True)
class Quarter:
    """A quarter of the questions that the starting model answered rightly."""

    n: int
    kept: int
    """How many are right now."""
    margin_low: float
    margin_high: float
    """The range of the starting model's margins (`Attempt.margin`), in nats."""


def matrix(table: Mapping[str, Sequence[Accuracy]], trained_in: Mapping[str, int] | None = None) -> Forgetting:
    """`table` gives for every column its accuracy after rounds 0, 1, … T; `trained_in` the rounds of columns, 1 to T.

    Columns that belong to no round count in AP and have their forgetting, but are no part of BWT and FWT. A mean leaves
    out the columns that lack a value it needs, and is None where none is left, as BWT and FWT are for one round.

    Where columns are the mistakes of rounds, R[j - 1, j] is 0 by construction: they are what the model of round j - 1
    got wrong. FWT can then be no more than 0: it is minus the share of later rounds' mistakes that the starting
    model had right, which earlier rounds broke. AP of such columns falls short of accuracy for the same reason: they
    are the hard questions alone.

    Raises ValueError where columns differ in length, a value is no share, or `trained_in` names what is not there.
    """
    trained_in = trained_in or {}
    last = _check(table, trained_in)
    learnt = [(table[label], number) for label, number in trained_in.items()]
    return Forgetting(
        labels=tuple(table),
        trained_in=tuple(trained_in.get(label) for label in table),
        matrix=tuple(zip(*table.values(), strict=True)),
        forgetting=tuple(_forgotten(column) for column in table.values()),
        average_performance=_mean(column[last] for column in table.values()),
        backward_transfer=_mean(_less(column[last], column[number]) for column, number in learnt if number < last),
        forward_transfer=_mean(_less(column[number - 1], column[0]) for column, number in learnt if number > 1),
    )


def known_before(
    right_before: Sequence[bool], margin_before: Sequence[float], right_now: Sequence[bool]
) -> tuple[Quarter, ...]:
    """Of what the starting model had right, how much is still right, by quarters from the surest to the least sure.

    Knowledge that is lost from the surest quarter was well established; a loss from the least sure alone is what small
    differences of any two models bring about. Of questions with equal margins the earlier ones count as surer.

    `()` where fewer than four were right, or where margins do not tell them apart (free text has none).
    Raises ValueError where lengths differ or a margin is not finite.
    """
    rows = zip(right_before, margin_before, right_now, strict=True)
    known = [(margin, now) for before, margin, now in rows if before]
    if not all(math.isfinite(margin) for margin, _ in known):
        raise ValueError("a margin is not a finite number")
    known.sort(key=lambda row: -row[0])
    if len(known) < 4 or known[0][0] == known[-1][0]:
        return ()
    edges = [len(known) * part // 4 for part in range(5)]
    return tuple(_quarter(known[start:end]) for start, end in pairwise(edges))


def _quarter(known: Sequence[tuple[float, bool]]) -> Quarter:
    kept = sum(bool(now) for _, now in known)
    return Quarter(n=len(known), kept=kept, margin_low=known[-1][0], margin_high=known[0][0])


def _check(table: Mapping[str, Sequence[Accuracy]], trained_in: Mapping[str, int]) -> int:
    """The number of the last round."""
    lengths = {len(column) for column in table.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError("every column needs an accuracy (or None) after every round from 0 on, and there must be one")
    (length,) = lengths
    for label, column in table.items():
        if not all(value is None or 0 <= value <= 1 for value in column):
            raise ValueError(f"column {label!r}: an accuracy is between 0 and 1")
    for label, number in trained_in.items():
        if label not in table or not 1 <= number < length:
            raise ValueError(f"column {label!r} of round {number}: no such column, or no such round")
    return length - 1


def _less(one: Accuracy, other: Accuracy) -> float | None:
    return None if one is None or other is None else one - other


def _forgotten(column: Sequence[Accuracy]) -> float | None:
    earlier = [value for value in column[:-1] if value is not None]
    return _less(max(earlier), column[-1]) if earlier else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
