"""Excel (.xlsx): each sheet's rows as lines of names and values. Of formulas their last result is read."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cem_docs.blocks import Block, Document
from cem_docs.readers import tables, zips

if TYPE_CHECKING:
    from openpyxl import Workbook


def read(path: Path) -> Iterator[Document]:
    import openpyxl

    zips.check(path)
    # An open file, for openpyxl wants to be told the name's ending otherwise.
    with path.open("rb") as file:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        yield Document(_blocks(book), book.properties.title or "")


def _blocks(book: "Workbook") -> Iterator[Block]:
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # else every row is as wide as the file says
        rows = ([_say(value) for value in row] for row in sheet.iter_rows(values_only=True))
        for line in tables.sentences(rows):
            yield Block((sheet.title,), line, f"sheet={sheet.title}")


def _say(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return f"{value:.15g}" if isinstance(value, float) else str(value)
