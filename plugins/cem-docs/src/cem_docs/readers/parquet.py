"""Parquet: every row a document."""

from collections.abc import Iterator
from pathlib import Path

from cem_docs.blocks import Document, Skipped
from cem_docs.readers.rows import Columns, document, wanted

AT_ONCE = 64
"""Rows that are in memory together."""


def read(path: Path, columns: Columns) -> Iterator[Document | Skipped]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        names = wanted(file.schema_arrow.names, columns)
        number = 0
        for batch in file.iter_batches(AT_ONCE, columns=names, use_threads=False):
            for row in batch.to_pylist():
                number += 1
                yield document(row, number, columns)
