"""The knowledge source `wiki`."""

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from cem_toolkit.api import Context, Hit, Mistake, Passage, Source
from cem_wiki.options import WikiOptions

if TYPE_CHECKING:
    from cem_wiki.backend import Backend
    from cem_wiki.pages import Page


class Wiki(Source):
    """Pages of Wikipedia, or of another wiki, for each mistake's queries."""

    name: ClassVar[str] = "wiki"
    version: ClassVar[str] = "1"
    Options = WikiOptions

    def check(self, ctx: Context) -> None:
        """Raises CemError where the offline data is missing. Asks nothing of the network."""
        from cem_wiki.summaries import find_data

        if self.options.backend == "offline":
            find_data(self.options, ctx.config_folder)
        elif not self.options.contact:
            ctx.log("wiki: live: set the option contact: Wikimedia may refuse clients that name nobody to write to")

    def fingerprint(self, ctx: Context) -> str:
        """A hash of the offline data; for a live wiki its address, whose pages may change while this stays."""
        from cem_wiki.summaries import find_data

        if self.options.backend == "offline":
            return find_data(self.options, ctx.config_folder).digest()
        return str(self.options.api_address)

    def retrieve(self, mistakes: Sequence[Mistake], ctx: Context) -> Iterator[Passage]:
        """The `top_k` pages for each mistake, every page once, in the order in which they were first found.

        A page has one hit for every query that found it; the scores of one mistake's hits add up to its fused score
        (see `cem_wiki.fusion`). Raises CemError where the data is missing or the wiki gave nothing at all.
        """
        with contextlib.closing(self._open(ctx)) as backend:
            hits, pages = self._look_up(mistakes, backend, ctx)
            backend.conclude(bool(pages))
        for number, page in pages.items():
            yield self._passage(page, [hit for found in hits[number].values() for hit in found])

    def sample(self, count: int, ctx: Context) -> Iterator[Passage]:
        """`count` random pages, by the seed; fewer where the source has no more.

        Offline the same seed always draws the same. A live wiki draws as it likes: there only what is in the cache is
        the same again. Raises CemError as `retrieve` does.
        """
        with contextlib.closing(self._open(ctx)) as backend:
            pages = backend.read_pages(backend.sample(count, ctx.seed))
            backend.conclude(bool(pages))
        for page in pages.values():
            yield self._passage(page)

    def _passage(self, page: "Page", hits: Iterable[Hit] = ()) -> Passage:
        return Passage.make(
            text=page.text,
            title=page.title,
            source=self.name,
            url=page.url,
            revision=page.revision,
            licence=self.options.licence,
            hits=tuple(hits),
        )

    def _open(self, ctx: Context) -> "Backend":
        if self.options.backend == "offline":
            from cem_wiki.offline import OfflineBackend

            return OfflineBackend(self.options, ctx)
        from cem_wiki.live.backend import LiveBackend
        from cem_wiki.live.clock import Clock

        return LiveBackend(self.options, ctx, Clock())

    def _look_up(
        self, mistakes: Sequence[Mistake], backend: "Backend", ctx: Context
    ) -> "tuple[dict[int, dict[str, list[Hit]]], dict[int, Page]]":
        """Hits by page and mistake, and the pages. They are read as soon as enough of them are found, and what there
        is for a mistake told at once."""
        backend.prepare([query for mistake in mistakes for query in mistake.queries])
        hits: dict[int, dict[str, list[Hit]]] = {}
        pages: dict[int, Page] = {}
        unread: list[int] = []
        waiting: deque[tuple[str, list[int]]] = deque()

        def read(count: int) -> None:
            pages.update(backend.read_pages(unread[:count]))
            del unread[:count]
            while waiting and not any(number in unread for number in waiting[0][1]):
                about, numbers = waiting.popleft()
                there = (number for number in numbers if number in pages)
                ctx.found(about, [self._passage(pages[number], hits[number][about]) for number in there])

        with ctx.progress("retrieve", len(mistakes)) as step:
            for mistake in mistakes:
                found = self._search(mistake, backend)
                unread += [number for number in found if number not in hits]
                waiting.append((mistake.id, list(found)))
                for number, of_page in found.items():
                    hits.setdefault(number, {})[mistake.id] = of_page
                while len(unread) >= backend.at_once:
                    read(backend.at_once)
                step.advance()
            read(len(unread))
        return hits, pages

    def _search(self, mistake: Mistake, backend: "Backend") -> dict[int, list[Hit]]:
        """The hits of the best pages for `mistake`, by page."""
        from cem_wiki.fusion import fuse

        queries = tuple(dict.fromkeys(mistake.queries))
        fused = fuse([backend.search(query) for query in queries], self.options.top_k)
        return {
            number: [Hit(mistake_id=mistake.id, query=queries[which], score=score) for which, score in scores.items()]
            for number, scores in fused.items()
        }
