"""Plain text, and what reads well as such: reStructuredText, AsciiDoc, Org."""

from collections.abc import Iterator
from pathlib import Path

from cem_docs.blocks import Block, Document, paragraphs
from cem_docs.readers.encoding import decode


def read(path: Path) -> Iterator[Document]:
    yield Document(Block((), paragraph) for paragraph in paragraphs(decode(path.read_bytes())))
