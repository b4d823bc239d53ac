"""JSON Lines: every line an object, which is a document."""

from collections.abc import Iterator
from pathlib import Path

from cem_docs.blocks import Document, Skipped
from cem_docs.readers.rows import Columns, document
from cem_toolkit.api import parse_json

MAX_LINE = 10_000_000
"""Bytes. A longer line is no row."""


def read(path: Path, columns: Columns) -> Iterator[Document | Skipped]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE):
            number += 1
            if len(line) == MAX_LINE and not line.endswith(b"\n"):
                yield Skipped("rows too large", f"is longer than {MAX_LINE // 1_000_000} MB", f"row={number}")
                while (rest := file.readline(1 << 20)) and not rest.endswith(b"\n"):
                    pass
            elif line.strip():
                try:
                    row = parse_json(line.decode("utf-8-sig"))
                except ValueError as error:
                    yield Skipped("rows that are no JSON", str(error), f"row={number}")
                else:
                    yield document(row, number, columns)
