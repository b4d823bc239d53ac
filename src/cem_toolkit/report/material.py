"""The passages and rows that rounds were taught from, read line by line: there may be hundreds of thousands."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cem_toolkit.errors import CemError
from cem_toolkit.parsing import json_lines
from cem_toolkit.report.packing import Blocks
from cem_toolkit.run import PASSAGES, Round

TRAINED_TEXT = 40_000_000
"""So many characters of passages that were trained on are put into the page, in all rounds together."""
OTHER_TEXT = 10_000_000
"""The same of passages that were found and not trained on."""
PASSAGE_TEXT = 4_000
"""Of one passage."""
ROW_TEXT = 2_000
"""Of a row's prompt, and of its completion."""


@dataclass(slots=True)
class Text:
    """One passage: its number in the page, and what is known of it."""

    number: int
    source: str
    text: str | None
    """None where the budget left it out of the page, and where it was not trained on."""


@dataclass(slots=True)
class Lesson:
    """One training row that came of mistakes: its number in the page, and what counts of it."""

    number: int
    sources: frozenset[str]
    passages: frozenset[str]


@dataclass(slots=True)
class Made:
    """Rows or passages of one kind in one round."""

    rows: int = 0
    tokens: float = 0.0
    passages: int = 0


@dataclass
class Material:
    """All passages and rows of some rounds, each once."""

    passages: dict[str, Text] = field(default_factory=dict)
    rows: dict[str, Lesson] = field(default_factory=dict)
    by_kind: dict[int, dict[str, Made]] = field(default_factory=dict)
    """By round and kind of row."""
    by_source: dict[int, dict[str, Made]] = field(default_factory=dict)
    """By round and knowledge source; rows made of passages of several sources count with each."""
    left_out: int = 0
    """Passages whose text found no room."""
    passage_blocks: Blocks = field(default_factory=lambda: Blocks("p", 100))
    row_blocks: Blocks = field(default_factory=lambda: Blocks("r", 200))
    _sources: dict[str, str] = field(default_factory=dict)
    _room: dict[bool, int] = field(default_factory=lambda: {True: TRAINED_TEXT, False: OTHER_TEXT})

    def add(self, turn: Round) -> None:
        """Reads the passages and rows of a round."""
        trained = {parent for row in read_rows(turn) for parent in row["parents"]}
        by_source = self.by_source.setdefault(turn.number, {})
        for passage in read_passages(turn):
            by_source.setdefault(passage["source"], Made()).passages += 1
            if passage["id"] not in self.passages:
                self._add_passage(passage, passage["id"] in trained)
        for row in read_rows(turn):
            self._add_row(turn.number, row)

    def _add_passage(self, passage: dict[str, Any], trained: bool) -> None:
        text: str | None = _cut(passage["text"], PASSAGE_TEXT)
        if text and len(text) > self._room[trained]:
            text, self.left_out = None, self.left_out + 1
        self._room[trained] -= len(text or "")
        fields = ("title", "source", "url", "revision", "licence")
        number = self.passage_blocks.add([*(passage.get(name, "") for name in fields), text])
        source = self._sources.setdefault(passage["source"], passage["source"])
        self.passages[passage["id"]] = Text(number, source, text if trained else None)

    def _add_row(self, number: int, row: dict[str, Any]) -> None:
        passages = frozenset(parent for parent in row["parents"] if parent in self.passages)
        sources = frozenset(self.passages[parent].source for parent in passages)
        tokens = float(row.get("tokens", 0)) * float(row.get("weight", 1.0))
        made = [self.by_kind.setdefault(number, {}).setdefault(row["kind"], Made())]
        made += [self.by_source[number].setdefault(source, Made()) for source in sources]
        for each in made:
            each.rows += 1
            each.tokens += tokens
        if row["id"] not in self.rows and any(parent.startswith(("p-", "m-")) for parent in row["parents"]):
            texts = (
                ("", "")
                if row["kind"] == "passage"
                else (_cut(row["prompt"], ROW_TEXT), _cut(row["completion"], ROW_TEXT))
            )
            packed = self.row_blocks.add([row["kind"], *texts, row.get("tokens", 0)])
            self.rows[row["id"]] = Lesson(packed, sources, passages)


def read_passages(turn: Round) -> Iterator[dict[str, Any]]:
    """The round's usable passages, with what the open-book test says of them, where there was one."""
    paths = [turn.folder / name for name in PASSAGES]
    path = next((path for path in paths if turn.stage(path.parent.name) and path.is_file()), paths[-1])
    return _read_lines(path, "id", "text", "title", "source", "licence")


def read_rows(turn: Round) -> Iterator[dict[str, Any]]:
    """The round's training set."""
    for row in _read_lines(turn.folder / "mix" / "rows.jsonl", "id", "kind", "prompt", "completion"):
        if not isinstance(row.get("parents"), list):
            raise CemError(f"{turn.folder / 'mix' / 'rows.jsonl'}: the row {row['id']} names no parents")
        yield row


def _read_lines(path: Path, *texts: str) -> Iterator[dict[str, Any]]:
    """The records of a file as plain objects; none where there is no such file. `texts` are fields that must be there
    as strings. Raises CemError for a line that is no such record."""
    if not path.is_file():
        return
    for number, record in json_lines(path, "record"):
        wrong = (
            [name for name in texts if not isinstance(record.get(name), str)] if isinstance(record, dict) else ["id"]
        )
        if wrong:
            raise CemError(f"{path}:{number}: is no record: lacks the text of {wrong[0]!r}")
        yield record


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + " […]"
