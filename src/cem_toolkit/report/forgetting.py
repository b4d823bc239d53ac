"""What was kept and what was lost, over the rounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from cem_toolkit.report import svg
from cem_toolkit.report.facts import Facts
from cem_toolkit.report.transfer import transfer
from cem_toolkit.report.words import growth, label, note, percent, perplexity, signed

SHADES = 10


@dataclass(frozen=True)
class Cell:
    """One accuracy of the heat map."""

    text: str
    shade: int
    """0, the lowest of its map, to 10, the highest."""
    taught: bool
    """Whether the row's round was trained on what the column holds."""


@dataclass(frozen=True)
class Heat:
    """Accuracies by what is watched and by round."""

    rounds: list[str]
    rows: list[tuple[str, str, list[Cell], str]]
    """Label, note, cells by round, and by how many points the last is below the best earlier one."""
    figures: list[tuple[str, str, str]]
    """Name, value and meaning of what is read off the map, or why there is no value."""


def heat(facts: Facts) -> Heat | None:
    """The matrix turned round, a column a round: there are few rounds, and names need room."""
    data = facts.summary.get("forgetting")
    if not data or not data.get("labels"):
        return None
    columns = list(zip(*data["matrix"], strict=True))
    known = [value for column in columns for value in column if value is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    lost = data.get("forgetting") or [None] * len(columns)
    taught = data.get("trained_in") or [None] * len(columns)
    rows = [
        (label(name), note(name), _cells(column, low, high, when), _below(gone))
        for name, column, gone, when in zip(data["labels"], columns, lost, taught, strict=True)
    ]
    names = ["start", *(f"round {number}" for number in range(1, len(data["matrix"])))]
    return Heat(names, rows, transfer(facts.summary))


def _below(gone: float | None) -> str:
    if gone is None:
        return "–"
    return signed(-gone) if gone > 0 else "none"


def _cells(column: Sequence[float | None], low: float, high: float, taught: int | None) -> list[Cell]:
    return [
        Cell(
            percent(value, 0) if value is not None else "–",
            round((value - low) / ((high - low) or 1) * SHADES) if value is not None else 0,
            taught == number,
        )
        for number, value in enumerate(column)
    ]


def quarters(facts: Facts) -> list[tuple[str, str, Markup, str]]:
    """Of what the starting model had right, how much still is, from the surest quarter to the least sure."""
    known = facts.summary.get("known_before") or {}
    data = known.get("quarters") or []
    asked = " asked" if known.get("n", 0) < known.get("total", 0) else ""
    names = ("surest quarter", "second quarter", "third quarter", "least sure quarter")
    found = []
    for name, quarter in zip(names, data, strict=False):
        n, kept = int(quarter["n"]), int(quarter["kept"])
        share = kept / n if n else 0.0
        found.append((name, f"{kept:,} of {n:,}{asked}", svg.bar(share, "kept"), percent(share)))
    return found


def neutral(facts: Facts) -> list[dict[str, Any]]:
    """Perplexity on neutral text, by round."""
    found = []
    for turn in facts.turns:
        if turn.perplexity:
            before, after = turn.perplexity
            counts = {"round": turn.number, "tokens": int(turn.get("neutral").get("tokens", 0))}
            shown = {"before": perplexity(before), "after": perplexity(after), "change": growth(before, after)}
            found.append({**counts, **shown})
    return found
