"""Search in a whole wiki on this machine, by an index on disk."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from cem_toolkit.api import CemError, Context
from cem_toolkit.searching import Backend, Page, clean
from cem_wiki.collection import Collection
from cem_wiki.options import WikiOptions

if TYPE_CHECKING:
    from cem_index import Document


LONGEST_TITLE = 500


class IndexedBackend(Backend):
    """An index of a ZIM file or a dump, built once in `ctx.cache`. A page is named by its number in the file."""

    def __init__(self, collection: Collection, options: WikiOptions, ctx: Context) -> None:
        """Raises CemError where the file is broken or holds no page, or the index cannot be written."""
        from cem_index import open_index

        self._options = options
        self._index = open_index(
            ctx.cache,
            collection.key,
            collection.documents,
            language=collection.language,
            total=collection.size,
            reached=collection.reached,
            ctx=ctx,
        )
        if not len(self._index):
            raise CemError(f"wiki: {collection.path} holds no page")

    def search(self, query: str) -> Sequence[int]:
        """At most `per_query` pages, best first: those of that very title or of a redirect's, then by BM25."""
        return self._index.search(query, self._options.per_query)

    def read_pages(self, numbers: Sequence[int]) -> Mapping[int, Page]:
        return {number: self._page(document) for number, document in self._index.read(numbers).items()}

    def sample(self, count: int, seed: int) -> Sequence[int]:
        return self._index.sample(count, seed)

    def documents(self) -> Iterator[Page]:
        return map(self._page, self._index.documents())

    def close(self) -> None:
        self._index.close()

    def _page(self, document: "Document") -> Page:
        return Page(
            title=" ".join(clean(document.title, LONGEST_TITLE).split()),
            text=clean(document.text, self._options.max_chars),
            url=document.url,
            revision=document.revision,
            licence=document.licence,
        )
