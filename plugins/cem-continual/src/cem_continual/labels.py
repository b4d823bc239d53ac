"""What a row is an instance of, and how rare that is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from cem_toolkit.api import Row

Kind = Literal["auto", "closed", "free"]
MOST = 64
"""Labels of a set that counts as closed."""
AGAIN = 4
"""Rows of each label of a closed set, on the average, at least."""


def labelled(rows: Sequence[Row], kind: Kind = "auto") -> Callable[[Row], str]:
    """What tells a row's label. In a closed set it is the completion. Of free text it is what the row is about: the
    first record that it was made from; review and general rows have none, "". auto: closed where few completions stand
    for many instructions."""
    return _completion if kind == "closed" or (kind == "auto" and is_closed(rows)) else _about


def is_closed(rows: Sequence[Row]) -> bool:
    """Whether all rows ask for one of a few labels."""
    labels = {row.completion for row in rows}
    return all(row.prompt for row in rows) and 0 < len(labels) <= min(MOST, len(rows) / AGAIN)


def rarity(counts: Mapping[str, float], most: float) -> dict[str, float]:
    """Of each label how many times rarer it is than the commonest, `most` at most; 1 for what has none."""
    largest = max((count for label, count in counts.items() if label), default=0.0)
    return {label: min(most, largest / count) if label else 1.0 for label, count in counts.items()}


def _completion(row: Row) -> str:
    return row.completion


def _about(row: Row) -> str:
    return row.parents[0] if row.parents and row.kind not in ("review", "general") else ""
