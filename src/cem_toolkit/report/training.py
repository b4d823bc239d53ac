"""The training loss of every round, and how it was trained."""

from collections.abc import Mapping
from typing import Any

from cem_toolkit.report import svg
from cem_toolkit.report.facts import Facts, Turn
from cem_toolkit.report.words import duration
from cem_toolkit.tables import Table, read_tables

MOST_POINTS = 400
"""Of a loss curve; of longer ones every second or third step is drawn, and so on."""


def losses(facts: Facts) -> list[dict[str, Any]]:
    """Training loss by round, with what was trained and how."""
    found = []
    for turn in facts.turns:
        stage = turn.record.stage("train")
        if stage is None:
            continue
        points = _points(stage.figures.get("losses"))
        values = [value for _, value in points]
        found.append(
            {
                "round": turn.number,
                "chart": svg.curve(points, 0.0, max(values)) if len(points) > 1 else None,
                "points": points,
                "high": max(values, default=0.0),
                "figures": _training(stage.figures),
                "tables": measured(turn),
            }
        )
    return found


def measured(turn: Turn) -> list[Table]:
    """The tables that the trainer left."""
    stage = turn.record.stage("train")
    return list(read_tables(stage.figures.get("tables", []))) if stage else []


def _points(losses: Any) -> list[tuple[float, float]]:
    """Pairs of step and loss, at most `MOST_POINTS`; whatever a trainer calls losses that is none is left out."""
    if not isinstance(losses, list):
        return []
    pairs = [
        (float(pair[0]), float(pair[1]))
        for pair in losses
        if isinstance(pair, list | tuple) and len(pair) == 2 and all(isinstance(n, int | float) for n in pair)
    ]
    finite = [pair for pair in pairs if abs(pair[1]) < 1e9]
    every = -(-len(finite) // MOST_POINTS) or 1
    return finite[::every]


def _training(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    names = ("method", "precision", "device", "epochs", "steps", "tokens", "supervised_tokens", "trainable_parameters")
    said = [(name.replace("_", " "), figures[name]) for name in names if figures.get(name) is not None]
    pairs = [(name, f"{value:,}" if isinstance(value, int) else str(value)) for name, value in said]
    seconds = figures.get("seconds")
    return [*pairs, ("time", duration(float(seconds)))] if isinstance(seconds, int | float) else pairs
