"""Where in the source the documents of each commit end, so that building goes on exactly there."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """After `records` records, `documents` of which are no redirects, the source stands at `position`."""

    records: int
    documents: int
    position: str


START = Entry(0, 0, "")


class Journal:
    """A file of entries, one JSON object a line. An entry is on disk before its commit, so of any commit there is one:
    tantivy's commits are atomic, and the number of records committed tells which entry is meant."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, entry: Entry) -> None:
        """Returns when it is on disk."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(entry)) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def find(self, records: int) -> Entry | None:
        """The entry of the commit with so many records, and forgets those after it; None where there is none."""
        entries = [START, *self._read()]
        kept = next((number for number, entry in enumerate(entries) if entry.records == records), None)
        if kept is None:
            return None
        self._path.write_text("".join(json.dumps(asdict(entry)) + "\n" for entry in entries[1 : kept + 1]))
        return entries[kept]

    def _read(self) -> list[Entry]:
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return []
        entries = []
        for line in lines:
            try:
                entries.append(Entry(**json.loads(line)))
            except (ValueError, TypeError):  # the last line, where the process was killed while it wrote
                break
        return entries
