"""The knowledge source `wiki`."""

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from cem_toolkit.api import Context, Hit, Mistake, Model, Passage, Source
from cem_wiki.options import WikiOptions

if TYPE_CHECKING:
    from cem_wiki.backend import Backend
    from cem_wiki.pages import Page
    from cem_wiki.ranking import Found


class Wiki(Source):
    """Pages of Wikipedia, or of another wiki, for each mistake's queries."""

    name: ClassVar[str] = "wiki"
    version: ClassVar[str] = "1"
    Options = WikiOptions

    def check(self, ctx: Context) -> None:
        """Raises CemError where the offline data or the encoder cannot be had. Asks nothing of the network, but for an
        encoder that is not on disk yet."""
        from cem_wiki.summaries import find_data

        if self.options.backend == "offline":
            find_data(self.options, ctx.config_folder)
            self._find_encoder(ctx)
        elif not self.options.contact:
            ctx.log("wiki: live: set the option contact: Wikimedia may refuse clients that name nobody to write to")

    def fingerprint(self, ctx: Context) -> str:
        """A hash of the offline data, and of the encoder; for a live wiki its address, whose pages may change while
        this stays."""
        from cem_wiki.summaries import find_data

        if self.options.backend == "live":
            return str(self.options.api_address)
        data, encoder = find_data(self.options, ctx.config_folder).digest(), self._find_encoder(ctx)
        return f"{data} {encoder.fingerprint}" if encoder else data

    def _find_encoder(self, ctx: Context) -> Model | None:
        if self.options.ranking == "bm25":
            return None
        from cem_wiki.encoder import find_encoder

        return find_encoder(self.options.encoder, ctx)

    def retrieve(self, mistakes: Sequence[Mistake], ctx: Context) -> Iterator[Passage]:
        """The `top_k` pages for each mistake, every page once, in the order in which they were first found.

        A page has one hit for every query that found it; the scores of one mistake's hits add up to what the page was
        chosen by (see `cem_wiki.ranking`). Raises CemError where the data is missing or the wiki gave nothing at all.
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
    ) -> "tuple[dict[int, dict[str, Sequence[Hit]]], dict[int, Page]]":
        """Hits by page and mistake, and the pages. They are read as soon as enough of them are found, and what there
        is for a mistake told at once."""
        ranked = self._rank(mistakes, backend, ctx)
        hits: dict[int, dict[str, Sequence[Hit]]] = {}
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
            for mistake, found in ranked:
                unread += [number for number in found if number not in hits]
                waiting.append((mistake.id, list(found)))
                for number, of_page in found.items():
                    hits.setdefault(number, {})[mistake.id] = of_page
                while len(unread) >= backend.at_once:
                    read(backend.at_once)
                step.advance()
            read(len(unread))
        return hits, pages

    def _rank(self, mistakes: Sequence[Mistake], backend: "Backend", ctx: Context) -> "Iterable[tuple[Mistake, Found]]":
        """The pages for each mistake in turn. Hybrid, all are ranked first, as texts are encoded faster together."""
        from cem_wiki.ranking import by_meaning, by_words

        backend.prepare([query for mistake in mistakes for query in mistake.queries])
        top_k, model = self.options.top_k, self._find_encoder(ctx)
        if model is None:
            return by_words(mistakes, backend, top_k)
        from cem_wiki.encoder import Encoder

        found = by_words(mistakes, backend, max(top_k, self.options.candidates))
        return by_meaning(found, backend, Encoder(model, ctx), top_k)
