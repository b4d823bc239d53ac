"""Time and tokens by stage: what a run cost, and would cost again."""

from typing import Any

from cem_toolkit.report import svg
from cem_toolkit.report.facts import Facts
from cem_toolkit.report.words import duration
from cem_toolkit.run import Stage

SHOWN = ("questions", "mistakes", "passages", "kept", "rows", "tokens", "steps")
"""Figures of stages that say how much was done."""


def stages(facts: Facts) -> list[dict[str, Any]]:
    """Every finished stage, those of control arms as well, in the order of the loop."""
    found = [("start", stage) for stage in facts.run.start.stages]
    for turn in facts.turns:
        found += [(f"round {turn.number}", stage) for stage in turn.record.stages]
        for arm in turn.record.arms:
            found += [(f"round {turn.number}, {arm.name}", stage) for stage in arm.stages]
    longest = max((stage.seconds for _, stage in found), default=0.0)
    return [_row(where, stage, longest) for where, stage in found]


def _row(where: str, stage: Stage, longest: float) -> dict[str, Any]:
    figures = stage.figures
    done = [f"{figures[name]:,} {name}" for name in SHOWN if isinstance(figures.get(name), int)]
    return {
        "where": where,
        "name": stage.name.rpartition("arms/")[2],
        "component": str(stage.info.get("component") or "core"),
        "done": ", ".join(done),
        "chart": svg.bar(stage.seconds / longest if longest else 0.0, "time"),
        "time": duration(stage.seconds),
        "reused": stage.reused,
    }


def total(facts: Facts) -> str:
    """The time of all stages as they were done, reused ones included."""
    arms = [arm for turn in facts.turns for arm in turn.record.arms]
    parts = [facts.run.start, *(turn.record for turn in facts.turns), *arms]
    return duration(sum(stage.seconds for part in parts for stage in part.stages))
