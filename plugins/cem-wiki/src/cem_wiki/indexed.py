"""Search in a whole wiki on this machine, by an index on disk."""

from dataclasses import replace

from cem_index import Document, IndexBackend, open_index
from cem_toolkit.api import CemError, Context
from cem_toolkit.searching import Page, clean
from cem_wiki.collection import Collection
from cem_wiki.options import WikiOptions

LONGEST_TITLE = 500


class IndexedBackend(IndexBackend):
    """An index of a ZIM file or a dump, built once in `ctx.cache`. A page is named by its number in the file."""

    def __init__(self, collection: Collection, options: WikiOptions, ctx: Context) -> None:
        """Raises CemError where the file is broken or holds no page, or the index cannot be written."""
        index = open_index(
            ctx.cache,
            collection.key,
            collection.documents,
            language=collection.language,
            total=collection.size,
            reached=collection.reached,
            ctx=ctx,
        )
        super().__init__(index, options.per_query)
        self._max_chars = options.max_chars
        if not len(index):
            raise CemError(f"wiki: {collection.path} holds no page")

    def page(self, document: Document) -> Page:
        title = " ".join(clean(document.title, LONGEST_TITLE).split())
        return replace(super().page(document), title=title, text=clean(document.text, self._max_chars))
