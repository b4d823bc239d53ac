"""An index as a place where a source searches."""

from collections.abc import Iterator, Mapping, Sequence

from cem_index.document import Document
from cem_index.index import DiskIndex
from cem_toolkit.searching import Backend, Page


class IndexBackend(Backend):
    """Pages are the index's documents, named by their numbers in it. A subclass may make pages of them otherwise."""

    def __init__(self, index: DiskIndex, per_query: int) -> None:
        """At most `per_query` documents are found for a query."""
        self._index = index
        self._per_query = per_query

    def search(self, query: str) -> Sequence[int]:
        """At most `per_query` documents, best first: those of that very title or name, then by BM25."""
        return self._index.search(query, self._per_query)

    def read_pages(self, numbers: Sequence[int]) -> Mapping[int, Page]:
        return {number: self.page(document) for number, document in self._index.read(numbers).items()}

    def sample(self, count: int, seed: int) -> Sequence[int]:
        return self._index.sample(count, seed)

    def documents(self) -> Iterator[Page]:
        return map(self.page, self._index.documents())

    def close(self) -> None:
        self._index.close()

    def page(self, document: Document) -> Page:
        return Page(
            title=document.title,
            text=document.text,
            url=document.url,
            revision=document.revision,
            licence=document.licence,
        )
