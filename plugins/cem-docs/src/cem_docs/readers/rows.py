"""One row of a data file as a document."""

from collections.abc import Mapping
from typing import Any

from cem_docs.blocks import Block, Document, Skipped, Unreadable, paragraphs

Columns = Mapping[str, str]
"""What a column holds (text, title, url, licence) -> its name."""


def document(row: Any, number: int, columns: Columns) -> Document | Skipped:
    """The document of row `number`, from 1."""
    place = f"row={number}"
    text = row.get(columns["text"]) if isinstance(row, Mapping) else None
    if not isinstance(text, str) or not text.strip():
        return Skipped("rows without text", f"has no text in the column {columns['text']!r}", place)
    told = {name: row.get(column) for name, column in columns.items() if name != "text"}
    said = {name: " ".join(value.split()) for name, value in told.items() if isinstance(value, str)}
    return Document((Block((), paragraph) for paragraph in paragraphs(text)), place=place, **said)


def wanted(names: list[str], columns: Columns) -> list[str]:
    """Those of the columns' `names` that are read. Raises Unreadable where that of the text is not among them."""
    if columns["text"] not in names:
        there = ", ".join(names[:20])
        raise Unreadable("without text", f"has no column {columns['text']!r} (set columns.text), only: {there}")
    return [name for name in names if name in columns.values()]
