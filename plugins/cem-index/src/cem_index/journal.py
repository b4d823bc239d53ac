"""Where in the source the documents of each commit end, so that building goes on exactly there."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from cem_toolkit.api import parse_json


@dataclass(frozen=True, slots=True)
class Entry:
    """After `records` records, `documents` of which are no redirects, the source stands at `position`."""

    records: int
    documents: int
    position: str


START = Entry(0, 0, "")


class Journal:
    """A file of entries, one JSON object a line, that only ever grows.

    An entry is on disk before its commit, so every commit has one: tantivy's commits are atomic, and the number of
    records committed tells which entry is meant.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, entry: Entry) -> None:
        """Returns when it is on disk."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"\n{json.dumps(asdict(entry))}")  # the last line may be half of one
            file.flush()
            os.fsync(file.fileno())

    def find(self, records: int) -> Entry | None:
        """The latest entry of the commit with so many records; None where there is none."""
        return next((entry for entry in reversed([START, *self._read()]) if entry.records == records), None)

    def _read(self) -> Iterator[Entry]:
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return
        for line in filter(None, lines):
            try:
                yield Entry(**parse_json(line))
            except (ValueError, TypeError):  # the process was killed while it wrote this
                continue
