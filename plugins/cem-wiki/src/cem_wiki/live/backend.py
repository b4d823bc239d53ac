"""A live wiki as a backend of the source: it asks in batches, keeps answers, and ends with what it has."""

import importlib.metadata
from collections.abc import Mapping, Sequence
from functools import partial

from cem_toolkit.api import Context
from cem_toolkit.searching import Backend, Page
from cem_toolkit.searching.polite import Clock, Limits, Misses, Patience
from cem_wiki.live.client import Client
from cem_wiki.live.http import Http
from cem_wiki.live.mediawiki import INTRODUCTIONS_AT_ONCE, MediaWiki, batch_titles
from cem_wiki.live.responses import Responses
from cem_wiki.options import WikiOptions

SEARCH_SHARE = 0.75
"""Part of the budget that may go into searching, so that something is left for reading what was found."""


class LiveBackend(Backend):
    """Searches a wiki and reads its pages; what it was told before it reads from `ctx.cache`."""

    def __init__(self, options: WikiOptions, ctx: Context, clock: Clock) -> None:
        self.at_once = 1 if options.whole_pages else INTRODUCTIONS_AT_ONCE
        self._options = options
        self._url = options.api_address
        self._http = Http(self._url, user_agent(options.contact), options.timeout, clock)
        limits = Limits(
            retries=options.retries,
            max_seconds=options.max_seconds,
            max_requests=options.max_requests,
            min_interval=options.min_interval,
        )
        client = Client(self._http, Responses(ctx.cache / "responses"), Patience(limits, ctx.seed, clock))
        self._wiki = MediaWiki(client, self._url)
        self._titles: dict[str, int] = {}
        self._misses = Misses(f"wiki: {self._url}", f"wiki: nothing could be had from {self._url}", ctx.log)

    def prepare(self, queries: Sequence[str]) -> None:
        """Looks up which of `queries` are titles or redirect to one."""
        for batch in batch_titles(queries):
            find = partial(self._wiki.find_titles, batch, SEARCH_SHARE)
            self._titles |= self._misses.ask(find, "titles", len(batch)) or {}

    def search(self, query: str) -> Sequence[int]:
        limit = self._options.per_query
        found = self._misses.ask(partial(self._wiki.search, query, limit, SEARCH_SHARE), "searches", 1) or []
        exact = [self._titles[query]] if query in self._titles else []
        return [*exact, *(number for number in found if number not in exact)][:limit]

    def sample(self, count: int, seed: int) -> Sequence[int]:
        """As the wiki draws them, and so others in another cache, whatever the seed."""
        draw = partial(self._wiki.random, count, f"seed {seed}, {count} pages", SEARCH_SHARE)
        return (self._misses.ask(draw, "random pages", count) or []) if count else []

    def read_pages(self, numbers: Sequence[int]) -> Mapping[int, Page]:
        pages: dict[int, Page] = {}
        whole, longest = self._options.whole_pages, self._options.max_chars
        for start in range(0, len(numbers), self.at_once):
            batch = numbers[start : start + self.at_once]
            pages |= self._misses.ask(partial(self._wiki.read_pages, batch, whole, longest), "pages", len(batch)) or {}
        return pages

    def conclude(self, found: bool) -> None:
        """Says what was not asked for. Raises CemError where there was a failure and nothing at all could be had."""
        self._misses.conclude(found)

    def close(self) -> None:
        self._http.close()


def user_agent(contact: str) -> str:
    """As Wikimedia's User-Agent policy asks: client/version (contact) library/version."""
    parts = [f"cem-wiki/{importlib.metadata.version('cem-wiki')}"]
    if contact:
        parts.append(f"({contact})")
    return " ".join([*parts, f"httpx2/{importlib.metadata.version('httpx2')}"])
