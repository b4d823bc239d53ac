"""What one round passed on to others, in words: the page, the pull-request summary and the terminal say it alike.

The figures are those of continual learning: average performance, backward and forward transfer (AP, BWT and FWT;
Lopez-Paz and Ranzato, arXiv 1706.08840; the survey arXiv 2402.01364).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from cem_toolkit.report.words import percent, signed

MEANINGS = (
    ("average_performance", "average performance (AP)", "mean of the last round’s accuracies"),
    (
        "backward_transfer",
        "backward transfer (BWT)",
        "points by which later rounds changed what earlier ones taught; below 0 is forgetting",
    ),
    (
        "forward_transfer",
        "forward transfer (FWT)",
        "points by which earlier rounds changed later rounds’ mistakes before these were taught",
    ),
)
SECOND = "needs a second round"
UNKNOWN = "not known: too little was asked again"


def transfer(summary: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, value and meaning of each figure; where there is no value, why not. Empty where no round is finished."""
    data = summary.get("forgetting")
    if not data or not data.get("labels"):
        return []
    rounds = len(data["matrix"]) - 1
    return [(name, _said(key, data.get(key), rounds), meaning) for key, name, meaning in MEANINGS]


def _said(key: str, value: float | None, rounds: int) -> str:
    if key == "average_performance":
        return percent(value) if value is not None else UNKNOWN
    if value is not None:
        return f"{signed(value)} points"
    return SECOND if rounds < 2 else UNKNOWN


def probes(turns: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """By probe, how many items the model answers as it should at the start and after each of the rounds `turns`, such
    as "31 of 40"; a dash where it was not asked. Empty where no round was asked any."""
    names = dict.fromkeys(name for turn in turns for name in turn.get("probes") or {})
    return [(name, _course([(turn.get("probes") or {}).get(name) for turn in turns])) for name in names]


def _course(changes: Sequence[Mapping[str, Any] | None]) -> list[str]:
    first = next(change for change in changes if change)
    start = f"{first['right_before']:,} of {first['n']:,}"
    return [start, *(f"{change['right_after']:,} of {change['n']:,}" if change else "–" for change in changes)]
