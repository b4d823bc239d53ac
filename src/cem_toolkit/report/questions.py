"""The table of questions: columns to search and sort, and what opens below each, in blocks."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cem_toolkit.excerpts import telling_sentence
from cem_toolkit.ledger import Entry, Lesson
from cem_toolkit.report.contribution import Tallies
from cem_toolkit.report.material import Material
from cem_toolkit.report.packing import Blocks, pack

QUESTION_TEXT = 400
"""Characters of a question that the table shows and searches; all of it is seen when it is opened."""
MOST_PASSAGES = 12
"""Of one mistake in one round: those trained on first, then the best."""
MOST_ROWS = 24
AT_ONCE = 25
"""Rows that are in the page as they are: what is printed, and what is there without scripts."""

SPLITS = ("mined", "sibling", "held_out", "selection", "stopping", "general", "")
STATUSES = ("fixed", "broken", "still wrong", "kept right", "")
LESSONS = ("trained", "retrieved, not trained", "dropped as leak", "never retrieved", "not looked up", "")


@dataclass
class Columns:
    """What is searched, sorted and filtered by: one list a column."""

    id: list[str] = field(default_factory=list)
    question: list[str] = field(default_factory=list)
    gold: list[str] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    task: list[int] = field(default_factory=list)
    group: list[int] = field(default_factory=list)
    split: list[int] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    lesson: list[int] = field(default_factory=list)
    reviewed: list[int] = field(default_factory=list)


class Names:
    """Names by number, in the order in which they came."""

    def __init__(self, first: Iterable[str] = ()) -> None:
        self.numbers: dict[str, int] = {name: number for number, name in enumerate(first)}

    def __getitem__(self, name: str) -> int:
        return self.numbers.setdefault(name, len(self.numbers))


class Questions:
    """Filled by `add`, entry after entry; holds no entry."""

    def __init__(self, material: Material) -> None:
        self.material = material
        self.tallies = Tallies(material)
        self.columns = Columns()
        self.tasks, self.groups = Names(), Names()
        self.splits, self.statuses, self.lessons = Names(SPLITS), Names(STATUSES), Names(LESSONS)
        self.blocks = Blocks("q", 200)
        self._kept: dict[str, list[Entry]] = {status: [] for status in STATUSES}

    @property
    def count(self) -> int:
        return self.blocks.count

    def add(self, entry: Entry) -> None:
        self.tallies.count(entry)
        columns = self.columns
        columns.id.append(entry.id)
        columns.question.append(entry.question[:QUESTION_TEXT])
        columns.gold.append(entry.gold[:QUESTION_TEXT])
        columns.answer.append(entry.answers[-1].answer[:QUESTION_TEXT] if entry.answers else "")
        columns.path.append(entry.path)
        columns.task.append(self.tasks[entry.task])
        columns.group.append(self.groups[entry.group])
        columns.split.append(self.splits[entry.split])
        columns.status.append(self.statuses[entry.status])
        columns.lesson.append(self.lessons[entry.lesson_status])
        columns.reviewed.append(int(entry.reviewed))
        self.blocks.add(self._details(entry))
        kept = self._kept.setdefault(entry.status, [])
        if len(kept) < AT_ONCE:
            kept.append(entry)

    def shown_at_once(self) -> list[Entry]:
        """Fixed and broken ones first."""
        changed = [*self._kept["fixed"][: AT_ONCE // 2], *self._kept["broken"][: AT_ONCE // 2]]
        others = [entry for status in ("still wrong", "kept right", "") for entry in self._kept[status]]
        return [*changed, *others][:AT_ONCE]

    def index(self) -> str:
        """The columns, packed."""
        lists = {name: getattr(self.columns, name) for name in self.columns.__dataclass_fields__}
        names = ("tasks", "groups", "splits", "statuses", "lessons")
        return pack({**lists, "names": {name: list(getattr(self, name).numbers) for name in names}})

    def _details(self, entry: Entry) -> list[Any]:
        """In the order in which the script reads them."""
        question = entry.question if len(entry.question) > QUESTION_TEXT else ""
        answers = [[each.round, each.answer, int(each.correct), _rounded(each.margin)] for each in entry.answers]
        return [
            question,
            entry.gold,
            list(entry.choices),
            answers,
            [self._lesson(entry, each) for each in entry.lessons],
        ]

    def _lesson(self, entry: Entry, lesson: Lesson) -> list[Any]:
        rows = [self.material.rows[row.id] for row in lesson.rows if row.id in self.material.rows]
        taught = frozenset().union(*(row.passages for row in rows))
        known = [each for each in lesson.passages if each.id in self.material.passages]
        known.sort(key=lambda each: (each.id not in taught, each.rank))
        passages = []
        for each in known[:MOST_PASSAGES]:
            text = self.material.passages[each.id]
            trained = each.id in taught
            telling = _telling(text.text, entry.question, entry.gold) if trained and text.text else ""
            passages.append([text.number, int(trained), each.flips, each.rank, telling])
        drops = [[drop.stage, drop.reason, drop.detail[:QUESTION_TEXT]] for drop in lesson.drops[:MOST_PASSAGES]]
        return [
            lesson.round,
            lesson.kind,
            list(lesson.evidence),
            list(lesson.queries),
            passages,
            len(known) - len(passages),
            [row.number for row in rows[:MOST_ROWS]],
            max(0, len(rows) - MOST_ROWS),
            drops,
        ]


def _rounded(margin: float) -> float | None:
    return round(margin, 2) if abs(margin) < 1e9 else None


@lru_cache(maxsize=1024)  # in several rounds, the same passage is often there for the same question
def _telling(text: str, question: str, gold: str) -> str:
    if gold.casefold().split(" ")[0] not in text.casefold():  # a quick look: most passages hold no answer
        return ""
    return telling_sentence(text, question, gold)
