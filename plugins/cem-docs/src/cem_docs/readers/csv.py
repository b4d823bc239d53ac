"""CSV and TSV: a line of names and values for each row."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from cem_docs.blocks import Block, Document
from cem_docs.readers import tables
from cem_docs.readers.encoding import decode

DELIMITERS = ",;\t|"


def read(path: Path) -> Iterator[Document]:
    text = decode(path.read_bytes())
    first = text.lstrip().partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=first.count))
    yield Document(Block((), row) for row in tables.sentences(rows))
