"""An index as a place where pages are searched: many queries in one request, and it ends with what it has."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from cem_opensearch.answers import Hit, name_of
from cem_opensearch.connecting import connect
from cem_opensearch.fields import searched_fields
from cem_opensearch.options import OpenSearchOptions
from cem_opensearch.pages import make_page, read_fields
from cem_toolkit.api import CemError, Context
from cem_toolkit.searching import Backend, Page
from cem_toolkit.searching.polite import Clock, Misses, RequestError

SEARCHED_AT_ONCE = 64
READ_AT_ONCE = 50
LONGEST_QUERY = 1000
"""Characters. Engines refuse queries of more than some thousand words times fields."""


class IndexBackend(Backend):
    """A page is named by a number that stands for its index and id."""

    at_once = READ_AT_ONCE

    def __init__(self, options: OpenSearchOptions, ctx: Context, clock: Clock) -> None:
        self._options = options
        self._ctx = ctx
        self._clock = clock
        self._engine = connect(options, ctx, clock)
        self._fields: Sequence[str] = ()
        self._waiting: list[str] = []
        self._found: dict[str, list[int]] = {}
        self._names: list[tuple[str, str]] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self._empty = 0
        where = f"opensearch: {options.index}"
        self._misses = Misses(where, f"{where}: nothing could be had from {options.url[0]}", ctx.log)

    def prepare(self, queries: Sequence[str]) -> None:
        self._waiting = list(dict.fromkeys(query[:LONGEST_QUERY] for query in queries))

    def search(self, query: str) -> Sequence[int]:
        """As the engine ranks documents. Where the query was not asked yet, the next ones of those that were told
        before are asked with it."""
        query = query[:LONGEST_QUERY]
        if query not in self._found:
            first = self._waiting.index(query) if query in self._waiting else 0
            batch = list(dict.fromkeys([query, *self._waiting[first : first + SEARCHED_AT_ONCE]]))
            self._search([one for one in batch if one not in self._found])
            self._waiting = [one for one in self._waiting if one not in self._found]
        return self._found[query]

    def read_pages(self, numbers: Sequence[int]) -> Mapping[int, Page]:
        pages: dict[int, Page] = {}
        for start in range(0, len(numbers), READ_AT_ONCE):
            names = [self._names[number] for number in numbers[start : start + READ_AT_ONCE]]
            hits = self._misses.ask(partial(self._engine.read, names, read_fields(self._options)), "pages", len(names))
            pages |= {self._number(hit): page for hit in hits or () if (page := self._page(hit))}
        return {number: pages[number] for number in numbers if number in pages}

    def sample(self, count: int, seed: int) -> Sequence[int]:
        hits = self._misses.ask(partial(self._engine.draw, count, seed), "random pages", count)
        return [self._number(hit) for hit in hits or ()]

    def documents(self) -> Iterator[Page]:
        """All that the filter lets through. Raises CemError where they cannot all be had: a part would pass for the
        whole. The budget is not for this, since it may take any number of requests."""
        engine = connect(self._options, self._ctx, self._clock, limited=False)
        try:
            for hit in engine.list_all(read_fields(self._options)):
                if page := self._page(hit):
                    yield page
        except RequestError as error:
            raise CemError(f"opensearch: {self._options.index}: its documents cannot be listed: {error}") from None
        finally:
            engine.close()

    def conclude(self, found: bool) -> None:
        """Says what was not had. Raises CemError where there was a failure and nothing at all could be had."""
        if self._empty:
            fields = ", ".join(self._options.text_fields)
            self._ctx.log(f"opensearch: {self._options.index}: {self._empty} documents have no text in {fields}")
        self._misses.conclude(found)

    def close(self) -> None:
        self._engine.close()

    def _search(self, queries: Sequence[str]) -> None:
        def ask() -> list[list[Hit] | RequestError]:
            self._fields = self._fields or searched_fields(self._options, self._engine.field_types())
            return self._engine.search_all(queries, self._fields, self._options.per_query)

        answers = self._misses.ask(ask, "searches", len(queries)) or [[] for _ in queries]
        failed = [str(answer) for answer in answers if isinstance(answer, RequestError)]
        if failed:
            self._misses.add(failed[0], "searches", len(failed))
        for query, answer in zip(queries, answers, strict=True):
            self._found[query] = [] if isinstance(answer, RequestError) else [self._number(hit) for hit in answer]

    def _number(self, hit: Hit) -> int:
        name = name_of(hit)
        if name not in self._numbers:
            self._numbers[name] = len(self._names)
            self._names.append(name)
        return self._numbers[name]

    def _page(self, hit: Hit) -> Page | None:
        page = make_page(hit, self._options)
        self._empty += page is None
        return page
