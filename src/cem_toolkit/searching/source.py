"""A knowledge source that searches: all but the place where it does."""

import contextlib
from abc import abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from cem_toolkit.records import Hit, Mistake, Model, Passage
from cem_toolkit.roles import Context, Options, Source
from cem_toolkit.searching.options import SearchOptions

if TYPE_CHECKING:
    from cem_toolkit.searching.backend import Backend
    from cem_toolkit.searching.pages import Page
    from cem_toolkit.searching.ranking import Found


class SearchSource(Source):
    """Pages for each mistake's queries, from the backend that `open` gives.

    A subclass sets `name`, `version` and `Options` (a `SearchOptions`), and implements `open`; one that overrides
    `check` or `fingerprint` calls these here as well.
    """

    Options: ClassVar[type[Options]] = SearchOptions
    """What users may set about it; a subclass adds its own."""

    @abstractmethod
    def open(self, ctx: Context) -> "Backend":
        """Where pages are searched; closed when all is read. Raises CemError where it cannot be had."""

    def check(self, ctx: Context) -> None:
        """Raises CemError where `ranking: hybrid` has no encoder; one that is not on disk yet is fetched."""
        self._find_encoder(ctx)

    def fingerprint(self, ctx: Context) -> str:
        """The encoder's hash; a subclass adds that of what is searched."""
        encoder = self._find_encoder(ctx)
        return encoder.fingerprint if encoder else ""

    def retrieve(self, mistakes: Sequence[Mistake], ctx: Context) -> Iterator[Passage]:
        """The `top_k` pages for each mistake, every page once, in the order in which they were first found.

        A page has one hit for every query that found it; the scores of one mistake's hits add up to what the page was
        chosen by (see `cem_toolkit.searching.ranking`). Raises CemError where nothing at all could be had.
        """
        if not mistakes:
            return
        with contextlib.closing(self.open(ctx)) as backend:
            hits, pages = self._look_up(mistakes, backend, ctx)
            backend.conclude(bool(pages))
        for number, page in pages.items():
            yield self._passage(page, [hit for found in hits[number].values() for hit in found])

    def sample(self, count: int, ctx: Context) -> Iterator[Passage]:
        """`count` random pages, as the backend draws them by the seed; fewer where it has no more. Raises CemError as
        `retrieve` does."""
        with contextlib.closing(self.open(ctx)) as backend:
            pages = backend.read_pages(backend.sample(count, ctx.seed))
            backend.conclude(bool(pages))
        for page in pages.values():
            yield self._passage(page)

    def documents(self, ctx: Context) -> Iterator[Passage]:
        with contextlib.closing(self.open(ctx)) as backend:
            for page in backend.documents():
                yield self._passage(page)

    def _passage(self, page: "Page", hits: Iterable[Hit] = ()) -> Passage:
        return Passage.make(
            text=page.text,
            title=page.title,
            source=self.name,
            url=page.url,
            revision=page.revision,
            licence=page.licence or self.options.licence,
            hits=tuple(hits),
        )

    def _find_encoder(self, ctx: Context) -> Model | None:
        if self.options.ranking != "hybrid":
            return None
        from cem_toolkit.searching.encoder import find_encoder

        return find_encoder(self.name, self.options.encoder, ctx)

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
        from cem_toolkit.searching.ranking import by_meaning, by_words

        backend.prepare([query for mistake in mistakes for query in mistake.queries])
        top_k, model = self.options.top_k, self._find_encoder(ctx)
        if model is None:
            return by_words(mistakes, backend, top_k)
        from cem_toolkit.searching.encoder import Encoder

        found = by_words(mistakes, backend, max(top_k, self.options.candidates))
        return by_meaning(found, backend, Encoder(model, ctx), top_k)
