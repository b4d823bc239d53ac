"""The web as a backend of the source: searches one after the other, pages of several hosts at once."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cem_search.cache import Cache
from cem_search.engines.engine import LONGEST_QUERY, Engine, Result
from cem_search.fetching.failures import FetchError, RefusedError
from cem_search.fetching.manners import Manners
from cem_search.fetching.reach import Place, Reach
from cem_search.options import WebSearchOptions
from cem_search.reading.addressed import drop_addressed
from cem_search.refusals import FILE, Refusals
from cem_search.web import Web
from cem_toolkit.api import CemError, Context
from cem_toolkit.searching import Backend, Page, clean

ADDRESSED = "text for a language model dropped"
NOT_ASKED = "not asked"


class WebBackend(Backend):
    """Numbers are places in the order in which they were found. What is in the cache is not asked for again."""

    def __init__(
        self,
        options: WebSearchOptions,
        ctx: Context,
        *,
        cache: Cache,
        engine: Engine,
        reach: Reach,
        web: Web,
        manners: Manners,
    ) -> None:
        self.at_once = 2 * options.hosts_at_once
        self._options = options
        self._ctx = ctx
        self._cache = cache
        self._engine = engine
        self._reach = reach
        self._web = web
        self._manners = manners
        self._numbers: dict[str, int] = {}
        self._places: list[Place] = []
        self._pages: dict[int, Page | None] = {}
        self._said: dict[tuple[str, str], int] = {}
        self._left = options.max_pages
        self._refusals = Refusals()

    def search(self, query: str) -> Sequence[int]:
        numbers: dict[int, None] = {}
        for result in self._results(clean(" ".join(query.split()), LONGEST_QUERY)):
            try:
                place = self._reach.place(result.url)
            except FetchError as error:
                self._refusals.add(result.url[:2000], error.kind, str(error))
                continue
            number = self._numbers.setdefault(place.url, len(self._places))
            if number == len(self._places):
                self._places.append(place)
            numbers[number] = None
        return list(numbers)[: self._options.per_query]

    def _results(self, query: str) -> Sequence[Result]:
        if not any(char.isalnum() for char in query):
            return []
        limit = self._options.per_query
        kept = self._cache.load("search", self._engine.key, str(limit), query)
        if kept is None:
            try:
                kept = [[result.url, result.title] for result in self._engine.search(query, limit)]
            except FetchError as error:
                self._refusals.add(query, error.kind, str(error))
                return []
            self._cache.store(kept, "search", self._engine.key, str(limit), query)
        return [Result(url, title) for url, title in kept]

    def read_pages(self, numbers: Sequence[int]) -> Mapping[int, Page]:
        new = [number for number in dict.fromkeys(numbers) if number not in self._pages]
        answers: dict[int, dict[str, Any]] = {}
        for number in new:
            kept = self._cache.load("page", self._places[number].url)
            if kept is not None:
                answers[number] = kept
        answers |= self._fetch([number for number in new if number not in answers])
        for number in new:
            self._pages[number] = self._page(number, answers.get(number))
        return {number: page for number in numbers if (page := self._pages[number]) is not None}

    def _fetch(self, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Answers for the first `max_pages` of a round; those of one host are asked for in their order."""
        for number in numbers[self._left :]:
            self._refusals.add(self._places[number].url, NOT_ASKED, f"max_pages ({self._options.max_pages}) is spent")
        numbers = numbers[: self._left]
        self._left -= len(numbers)
        by_host: dict[str, list[int]] = {}
        for number in numbers:
            by_host.setdefault(self._places[number].host, []).append(number)
        found: dict[int, dict[str, Any]] = {}
        pool = ThreadPoolExecutor(self._options.hosts_at_once, thread_name_prefix="cem-search")
        try:
            for answers in pool.map(self._ask_host, by_host.values()):
                found |= answers
        except BaseException:
            self._manners.stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        return found

    def _ask_host(self, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
        """What lasts is kept: pages, and refusals that asking again would not change."""
        found: dict[int, dict[str, Any]] = {}
        for number in numbers:
            url = self._places[number].url
            try:
                found[number] = self._web.read(url)
            except FetchError as error:
                found[number] = {"refused": error.kind, "reason": str(error)}
                if not isinstance(error, RefusedError):
                    continue
            self._cache.store(found[number], "page", url)
        return found

    def _page(self, number: int, answer: Mapping[str, Any] | None) -> Page | None:
        """The page, if there is one to be used; the rest is noted."""
        if answer is None:
            return None
        if "refused" in answer:
            self._refusals.add(self._places[number].url, answer["refused"], answer["reason"])
            return None
        url, language, languages = answer["url"], answer["language"], self._options.languages
        if languages and language and not any(f"{language}-".startswith(f"{each.lower()}-") for each in languages):
            self._refusals.add(url, "another language", f"the page states {language!r}")
            return None
        title, in_title = drop_addressed(answer["title"])
        text, in_text = drop_addressed(answer["text"])
        for seen in (*in_title, *in_text):
            self._refusals.add(url, ADDRESSED, f"a paragraph with {seen!r}")
        title, text = clean(title, 300) or url, clean(text, self._options.max_chars)
        if not text:
            return None
        first = self._said.setdefault((title, text), number)
        if first != number:
            self._refusals.add(self._places[number].url, "says the same as another page", self._places[first].url)
            return None
        revision = answer["date"] or f"undated, fetched {answer['fetched']}"
        return Page(title=title, text=text, url=url, revision=revision, licence=clean(answer["licence"], 200))

    def sample(self, count: int, seed: int) -> Sequence[int]:
        raise NotImplementedError("the web has no random page")

    def conclude(self, found: bool) -> None:
        """Says what was not taken. Raises CemError where there was a failure and nothing at all could be had."""
        self._refusals.write(self._ctx.folder)
        for line in self._refusals.lines():
            self._ctx.log(f"search: {line}")
        if self._refusals:
            self._ctx.log(f"search: what was not taken, and why, is in {FILE} in the stage's folder")
        if not found and self._refusals:
            raise CemError(
                f"search: nothing could be had: {self._refusals.main_reason()}; more in {self._ctx.folder / FILE}"
            )

    def close(self) -> None:
        self._web.close()
        self._engine.close()
