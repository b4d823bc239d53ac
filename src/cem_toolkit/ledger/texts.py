"""The texts behind one entry: passages and rows, which the ledger itself only names."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cem_toolkit.ledger.entries import Entry
from cem_toolkit.ledger.files import R, found_passages, records_of
from cem_toolkit.records import Passage, Row
from cem_toolkit.run import PASSAGES, Run


@dataclass(frozen=True, slots=True)
class Texts:
    """By id. What a damaged or tidied run folder lacks is missing here too."""

    passages: dict[str, Passage]
    """Of the lessons, the dropped ones among them."""
    rows: dict[str, Row]
    """Kept rows; of dropped ones no text is kept."""

    def to_json(self) -> dict[str, Any]:
        """JSON-safe. A passage's hits, which may be thousands about other questions, are left out."""
        passages = {key: passage.to_json() for key, passage in self.passages.items()}
        for passage in passages.values():
            del passage["hits"]
        return {"passages": passages, "rows": {key: row.to_json() for key, row in self.rows.items()}}


def lesson_texts(run: Run, entry: Entry) -> Texts:
    """The passages and rows that `entry`'s lessons name."""
    texts = Texts({}, {})
    for lesson in entry.lessons:
        turn = run.round(lesson.round)
        kept = {passage.id for passage in lesson.passages} - texts.passages.keys()
        dropped = {drop.id for drop in lesson.drops} - texts.passages.keys()
        rows = {row.id for row in lesson.rows} - texts.rows.keys()
        texts.passages.update(_pick(kept, records_of(turn, Passage, *PASSAGES)))
        texts.passages.update(_pick(dropped, found_passages(turn)))
        texts.rows.update(_pick(rows, records_of(turn, Row, "mix/rows.jsonl")))
    return texts


def _pick(wanted: set[str], records: Iterable[R]) -> dict[str, R]:
    """Stops as soon as all are found."""
    found: dict[str, R] = {}
    for record in records if wanted else ():
        if record.id in wanted:
            found[record.id] = record
            if len(found) == len(wanted):
                break
    return found
