"""Data sets of the Hugging Face hub, and whatever else the library datasets reads, row by row."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from cem_docs.blocks import Document, Skipped
from cem_docs.readers.rows import Columns, document, wanted


def read(load: Mapping[str, Any], columns: Columns, max_rows: int | None) -> Iterator[Document | Skipped]:
    """`load`: arguments of `datasets.load_dataset`, which runs no code of a data set since its version 4."""
    import datasets

    rows = datasets.load_dataset(**load, streaming=True)
    if rows.column_names:  # then images and the like are not decoded
        rows = rows.select_columns(wanted(rows.column_names, columns))
    for number, row in enumerate(islice(rows, max_rows), 1):
        yield document(row, number, columns)
