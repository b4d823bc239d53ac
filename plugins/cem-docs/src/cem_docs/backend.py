"""Search in the documents' passages."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cem_docs.library import Library
from cem_docs.options import DocsOptions
from cem_docs.skipped import Skips
from cem_index import open_index
from cem_toolkit.api import CemError, Context
from cem_toolkit.searching import Backend, Page

if TYPE_CHECKING:
    from cem_index import DiskIndex, Document

REPORT = "skipped.jsonl"


class DocsBackend(Backend):
    """An index of passages on disk, in `ctx.cache`. A page is a passage, named by its number in the index."""

    def __init__(self, options: DocsOptions, ctx: Context) -> None:
        """Raises CemError where nothing can be read."""
        self._per_query = options.per_query
        library = Library(options, ctx)
        self._index, skips = _open(library, options, ctx)
        _report(skips, ctx)
        if not len(self._index):
            why = "; ".join(skips.lines()) or "there is no text in them"
            raise CemError(f"docs: none of the documents could be read: {why}")

    def search(self, query: str) -> Sequence[int]:
        return self._index.search(query, self._per_query)

    def read_pages(self, numbers: Sequence[int]) -> Mapping[int, Page]:
        return {number: _page(document) for number, document in self._index.read(numbers).items()}

    def sample(self, count: int, seed: int) -> Sequence[int]:
        return self._index.sample(count, seed)

    def documents(self) -> Iterator[Page]:
        return map(_page, self._index.documents())

    def close(self) -> None:
        self._index.close()


def _page(document: "Document") -> Page:
    return Page(
        title=document.title,
        text=document.text,
        url=document.url,
        revision=document.revision,
        licence=document.licence,
    )


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
