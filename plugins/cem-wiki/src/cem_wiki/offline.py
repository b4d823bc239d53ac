"""Search in summaries on this machine."""

import random
from collections.abc import Iterator, Mapping, Sequence

from cem_toolkit.api import Context
from cem_toolkit.searching import Backend, Page, clean, match_key
from cem_wiki.index import open_index
from cem_wiki.options import WikiOptions
from cem_wiki.pages import page_url
from cem_wiki.summaries import Summary, find_data, read_summaries
from cem_wiki.tokens import make_tokenizer

TITLE_WEIGHT = 3
"""How often a page's title is counted as part of its text. From 1 to 4 it makes no difference (README)."""


class OfflineBackend(Backend):
    """A BM25 index over titles and summaries, kept in `ctx.cache`. A page is named by its number in the data."""

    def __init__(self, options: WikiOptions, ctx: Context) -> None:
        self._options = options
        self._log = ctx.log
        self._data = find_data(options, ctx.config_folder)
        self._summaries = read_summaries(self._data.path)
        self._tokenize = make_tokenizer(options.language)
        self._exact: dict[str, int] = {}
        for number, summary in enumerate(self._summaries):
            for name in summary.names:
                self._exact.setdefault(match_key(name), number)
        key = f"{self._data.digest()} {options.language} {TITLE_WEIGHT}"
        self._index = open_index(ctx.cache, key, self._documents)

    def _documents(self) -> Iterator[Sequence[str]]:
        self._log(f"wiki: indexing {len(self._summaries)} pages of {self._data.snapshot}, once")
        for summary in self._summaries:
            yield self._tokenize(summary.title) * TITLE_WEIGHT + self._tokenize(summary.text)

    def search(self, query: str) -> Sequence[int]:
        """At most `per_query` pages for `query`, best first: the page of that very title, then by BM25."""
        limit = self._options.per_query
        exact = self._exact.get(match_key(query))
        found = self._index.search(self._tokenize(query), limit)
        first = [] if exact is None else [exact]
        return [*first, *(number for number in found if number != exact)][:limit]

    def sample(self, count: int, seed: int) -> Sequence[int]:
        """Of all pages, each as likely; all of them where `count` is larger."""
        pages = range(len(self._summaries))
        return random.Random(seed).sample(pages, min(count, len(pages)))  # noqa: S311 (draws text; guards nothing)

    def documents(self) -> Iterator[Page]:
        return (self._page(summary) for summary in self._summaries)

    def read_pages(self, numbers: Sequence[int]) -> Mapping[int, Page]:
        return {number: self._page(self._summaries[number]) for number in numbers}

    def _page(self, summary: Summary) -> Page:
        return Page(
            title=summary.title,
            text=clean(summary.text, self._options.max_chars),
            url=page_url(self._options.language, summary.title),
            revision=self._data.snapshot,
        )
