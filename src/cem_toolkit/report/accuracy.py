"""Accuracy after every round, and what became of the questions, as tables with a chart in each row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from cem_toolkit.report import svg
from cem_toolkit.report.facts import Accuracy, Change, Facts, Turn, in_order
from cem_toolkit.report.words import arm_label, arm_note, label, note, p_value, percent, questions, signed, span


@dataclass(frozen=True)
class Line:
    """One row of a chart: what it is of, the drawing, and the same in figures."""

    label: str
    chart: Markup
    figure: str
    detail: str
    remark: str = ""
    kind: str = ""
    """The remark's class."""


@dataclass(frozen=True)
class Group:
    """Lines under one heading."""

    label: str
    note: str
    lines: list[Line]


@dataclass(frozen=True)
class Plot:
    """Groups of lines on one scale."""

    groups: list[Group]
    axis: Markup


def accuracies(facts: Facts) -> Plot | None:
    """Of every set, one line a round."""
    table = facts.accuracy
    if not table:
        return None
    sets = in_order(table[-1][1])
    ends = [end for _, row in table for found in row.values() for end in (found.low, found.high, found.share)]
    scale = svg.Scale.over([end for end in ends if end is not None], within=(0, 1))
    groups = []
    for name in sets:
        found = [(number, row[name]) for number, row in table if name in row]
        lines = [_accuracy(scale, number, accuracy) for number, accuracy in found]
        size = max(max(accuracy.n, accuracy.total) for _, accuracy in found)
        groups.append(Group(label(name), f"{size:,} questions, {note(name)}", lines))
    return Plot(groups, svg.axis(scale))


def _accuracy(scale: svg.Scale, number: int, found: Accuracy) -> Line:
    known = found.low is not None and found.high is not None
    detail = f"{percent(found.low or 0, 0)}–{percent(found.high or 0, 0)}" if known else ""
    chart = svg.track(scale, found.share, found.low, found.high, "after" if number else "before")
    name, counts = f"round {number}" if number else "start", f"{found.right:,} of {found.n:,} right"
    if found.estimate is not None:
        counts = f"estimate; {questions(found.n, found.total)}"
    return Line(name, chart, percent(found.share), detail, counts, "counts")


def changes(turn: Turn) -> Plot | None:
    """Of every set, the change since the starting model."""
    return _differences({"": turn.changes}) if turn.changes else None


def arms(turn: Turn) -> Plot | None:
    """What the round gains over each control arm, by set."""
    found = {name: {n: c for n, c in turn.against(name).items() if n != "reviewed"} for name in turn.arms}
    return _differences({name: sets for name, sets in found.items() if sets}) if any(found.values()) else None


def _differences(sides: Mapping[str, Mapping[str, Change]]) -> Plot:
    everything = [change for side in sides.values() for change in side.values()]
    ends = [end for change in everything for end in (change.low, change.high, change.points, 0.0) if end is not None]
    scale = svg.Scale.over(ends)
    groups = []
    for name, side in sides.items():
        lines = [_difference(scale, side[each]) for each in in_order(side)]
        heading = f"this round less {arm_label(name)}" if name else ""
        groups.append(Group(heading, arm_note(name) if name else "", lines))
    return Plot(groups, svg.axis(scale, signed=True))


def _difference(scale: svg.Scale, change: Change) -> Line:
    kind = {"better": "better", "worse": "worse"}.get(change.verdict, "open")
    known = change.low is not None and change.high is not None
    detail = span(change.low or 0.0, change.high or 0.0) if known else ""
    chart = svg.track(scale, change.points, change.low, change.high, kind, zero=True)
    p = f" ({p_value(change.p)})" if change.p is not None else ""
    part = f"; estimate, {questions(change.n, change.total)}" if change.part else ""
    return Line(label(change.name), chart, signed(change.points), detail, f"{change.verdict}{p}{part}")


def arm_table(facts: Facts, turn: Turn) -> dict[str, Any] | None:
    """Right answers of the starting model, of the round and of each arm, by set."""
    if not turn.arms:
        return None
    sets = [name for name in in_order(turn.changes) if name != "reviewed"]
    rows = [
        ("starting model", "", "", {name: _before(change) for name, change in turn.changes.items()}),
        (
            f"round {turn.number}",
            "the real one",
            _rows(turn.data),
            {name: _after(change) for name, change in turn.changes.items()},
        ),
    ]
    for name, arm in (turn.arms | turn.repeats).items():
        found = Turn({**arm, "round": turn.number}, turn.record).changes
        rows.append((arm_label(name), arm_note(name), _rows(arm), {name: _after(c) for name, c in found.items()}))
    table = [(name, said, made, [cells.get(each, ("–", "")) for each in sets]) for name, said, made, cells in rows]
    return {"sets": [label(name) for name in sets], "rows": table}


def _before(change: Change) -> tuple[str, str]:
    return percent(change.before), "" if change.part else f"{change.right_before:,} of {change.n:,}"


def _after(change: Change) -> tuple[str, str]:
    asked = f"estimate, {change.n:,} of {change.total:,} asked"
    return percent(change.after), asked if change.part else f"{change.right_after:,} of {change.n:,}"


def _rows(data: Mapping[str, Any]) -> str:
    rows = sum((data.get("rows") or {}).values())
    return f"{rows:,} rows, {data.get('tokens') or 0:,} tokens" if rows else ""


def flows(turn: Turn) -> list[dict[str, Any]]:
    """Of every set, from right and wrong before to right and wrong after."""
    return [
        {
            "name": name,
            "label": label(name),
            "note": note(name) + (f"; {questions(change.n, change.total)}" if change.part else ""),
            "change": change,
            "chart": svg.ribbons(change.right_before, change.fixed, change.broken, change.n),
        }
        for name in in_order(turn.changes)
        for change in (turn.changes[name],)
    ]
