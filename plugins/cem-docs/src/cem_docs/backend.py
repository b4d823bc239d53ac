"""Search in the documents' passages."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cem_docs.library import Library
from cem_docs.options import DocsOptions
from cem_docs.skipped import Skips
from cem_index import IndexBackend, open_index
from cem_toolkit.api import CemError, Context

if TYPE_CHECKING:
    from cem_index import DiskIndex, Document

REPORT = "skipped.jsonl"


class DocsBackend(IndexBackend):
    """An index of passages on disk, in `ctx.cache`. A page is a passage, named by its number in the index."""

    def __init__(self, options: DocsOptions, ctx: Context) -> None:
        """Raises CemError where nothing can be read."""
        index, skips = _open(Library(options, ctx), options, ctx)
        super().__init__(index, options.per_query)
        _report(skips, ctx)
        if not len(index):
            why = "; ".join(skips.lines()) or "there is no text in them"
            raise CemError(f"docs: none of the documents could be read: {why}")


def _open(library: Library, options: DocsOptions, ctx: Context) -> "tuple[DiskIndex, Skips]":
    """The index with what was skipped, which is kept beside it."""
    kept: Path = ctx.cache / f"skipped-{library.key}.json"
    skips = Skips()

    def read(position: str) -> "Iterator[tuple[Document, str]]":
        ctx.log("docs: reading the documents, once")
        yield from library.read(position, skips)
        skips.save(kept)

    index = open_index(ctx.cache, library.key, read, language=options.language, ctx=ctx)
    skips = Skips.load(kept)
    skips.update(library.unlisted)
    return index, skips


def _report(skips: Skips, ctx: Context) -> None:
    """Says what was skipped, once in every stage."""
    path, told = ctx.folder / REPORT, skips.to_jsonl()
    if told and not (path.is_file() and path.read_text(encoding="utf-8") == told):
        path.write_text(told, encoding="utf-8")
        for line in skips.lines():
            ctx.log(f"docs: skipped {line}")
