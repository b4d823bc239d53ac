"""What each knowledge source and kind of row was for, counted. Counts of what happened together: that one made the
other is for the control arms to show."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cem_toolkit.ledger import Entry, Lesson
from cem_toolkit.report import svg
from cem_toolkit.report.facts import Turn
from cem_toolkit.report.material import Made, Material
from cem_toolkit.report.words import percent, share


@dataclass(slots=True)
class Served:
    """Mistakes that something served, and how many of them the round's model answered rightly."""

    n: int = 0
    fixed: int = 0
    tested: int = 0
    """Passages put before a question by the open-book test."""
    flipping: int = 0

    def count(self, fixed: bool) -> None:
        self.n += 1
        self.fixed += fixed


@dataclass
class Tally:
    """Of one round's mistakes."""

    every: Served = field(default_factory=Served)
    sources: dict[str, Served] = field(default_factory=dict)
    kinds: dict[str, Served] = field(default_factory=dict)
    statuses: dict[str, Served] = field(default_factory=dict)
    causes: dict[str, Served] = field(default_factory=dict)
    """By kind of mistake."""

    def count(self, lesson: Lesson, fixed: bool, material: Material) -> None:
        self.every.count(fixed)
        self.statuses.setdefault(lesson.status, Served()).count(fixed)
        self.causes.setdefault(lesson.kind, Served()).count(fixed)
        for kind in {row.kind for row in lesson.rows}:
            self.kinds.setdefault(kind, Served()).count(fixed)
        rows = [material.rows[row.id] for row in lesson.rows if row.id in material.rows]
        for source in frozenset().union(*(row.sources for row in rows)):
            self.sources.setdefault(source, Served()).count(fixed)
        for passage in lesson.passages:
            if passage.flips is not None:
                served = self.sources.setdefault(passage.source, Served())
                served.tested += 1
                served.flipping += passage.flips


class Tallies:
    """One tally a round."""

    def __init__(self, material: Material) -> None:
        self.material = material
        self.rounds: dict[int, Tally] = {}

    def count(self, entry: Entry) -> None:
        for lesson in entry.lessons:
            mark = entry.path[lesson.round : lesson.round + 1]
            if mark != "-":  # not asked after that round: whether it was fixed is not known
                self.rounds.setdefault(lesson.round, Tally()).count(lesson, mark == "1", self.material)


STATUSES = ("trained", "retrieved, not trained", "dropped as leak", "never retrieved")


def contribution(turn: Turn, material: Material, tallies: Tallies) -> dict[str, Any] | None:
    """Tables for round `turn`, or None where there were no mistakes to serve."""
    tally = tallies.rounds.get(turn.number)
    if tally is None:
        return None
    sources, kinds = material.by_source.get(turn.number, {}), material.by_kind.get(turn.number, {})
    return {
        "every": _line("all mistakes", None, tally.every),
        "sources": _lines(sources, sources, tally.sources),
        "kinds": _lines(kinds, kinds, tally.kinds),
        "statuses": _lines(STATUSES, {}, tally.statuses),
        "causes": _lines(sorted(tally.causes), {}, tally.causes),
        "tested": any(served.tested for served in tally.sources.values()),
        "open_book": _open_book(turn.get("open_book")),
    }


def _lines(names: Iterable[str], made: Mapping[str, Made], served: Mapping[str, Served]) -> list[dict[str, Any]]:
    return [_line(name, made.get(name), served.get(name, Served())) for name in names if name in made or name in served]


def _line(name: str, made: Made | None, served: Served) -> dict[str, Any]:
    return {
        "name": name.replace("_", " "),
        "made": made,
        "served": served,
        "chart": svg.bar(served.fixed / served.n, "fixed") if served.n else "",
        "fixed": percent(served.fixed / served.n) if served.n else "–",
        "flips": share(served.flipping, served.tested) if served.tested else "not tested",
    }


def _open_book(figures: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """What retrieval alone would fix, as the open-book test counts it."""
    if not figures:
        return []
    tested = _number(figures.get("tested"))
    found = []
    for name, said in (
        ("fixed_by_best", "by the best passage found"),
        ("fixed_by_any", "by any tested passage (an oracle picks)"),
    ):
        if tested and figures.get(name) is not None:
            found.append((said, share(_number(figures[name]), tested)))
    if controlled := _number(figures.get("controlled")):
        found.append(("by a passage found for another mistake", share(_number(figures["fixed_by_other"]), controlled)))
    passages, flipping = _number(figures.get("passages")), _number(figures.get("flipping"))
    return [*found, ("passages that flip the answer", share(flipping, passages))] if passages else found


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int | float) else 0
