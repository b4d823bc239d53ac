"""The knowledge source `embeddings`."""

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from cem_embeddings.options import EmbeddingsOptions
from cem_toolkit.api import CemError, Context, Hit, Mistake, Passage, Source, content_id

if TYPE_CHECKING:
    from cem_embeddings.store import Store
    from cem_toolkit.api import Embedder


class Embeddings(Source):
    """The documents of another source that mean what a mistake asks, by the cosine of their vectors."""

    name: ClassVar[str] = "embeddings"
    version: ClassVar[str] = "1"
    Options = EmbeddingsOptions

    def check(self, ctx: Context) -> None:
        """Raises CemError where there is no such source, it cannot list its documents or has none, and where the
        encoder, its libraries or its device cannot be had."""
        from cem_embeddings.encoder import check_device, find_encoder
        from cem_embeddings.other import Other

        other = Other(self.options, ctx)
        find_encoder(self.options, ctx)
        check_device(self.options.device)
        other.check()
        if not other.has_documents():
            raise CemError(f"embeddings: over: the source {other.name!r} has no documents")

    def fingerprint(self, ctx: Context) -> str:
        """Hashes of the other source with what it says of its documents, and of the encoder."""
        from cem_embeddings.encoder import find_encoder
        from cem_embeddings.other import Other

        return f"{Other(self.options, ctx).fingerprint()} {find_encoder(self.options, ctx).fingerprint}"

    def retrieve(self, mistakes: Sequence[Mistake], ctx: Context) -> Iterator[Passage]:
        """The `top_k` nearest documents for each mistake, every one once.

        A document gets 1 / rank from each text that was looked up for a mistake; the highest sums are kept. Raises
        CemError as `check` does.
        """
        if not mistakes:
            return
        from cem_embeddings.nearest import nearest
        from cem_toolkit.searching import fuse

        store, embedder = self._open(ctx)
        asked = {mistake.id: self._asked(mistake) for mistake in mistakes}
        texts = list(dict.fromkeys(text for of_one in asked.values() for text in of_one))
        with ctx.progress("encode questions", len(texts)) as step:
            queries = embedder.embed(texts, step.advance)
        count = self.options.top_k if self.options.questions else max(self.options.top_k, self.options.per_query)
        with ctx.progress("search", len(store)) as step:
            rows = nearest(store.vectors(), queries, count, step.advance)
        rankings = dict(zip(texts, rows.tolist(), strict=True))
        hits: dict[int, list[Hit]] = {}
        for mistake in mistakes:
            looked_up = asked[mistake.id]
            found = fuse([rankings[text] for text in looked_up], self.options.top_k)
            for row, scores in found.items():
                hits.setdefault(row, []).extend(
                    Hit(mistake_id=mistake.id, query=looked_up[which], score=score) for which, score in scores.items()
                )
        told: set[str] = set()
        for passage in self._read(store, list(hits), list(hits.values())):
            if passage.id not in told:  # a document that the other source has twice
                told.add(passage.id)
                yield passage

    def sample(self, count: int, ctx: Context) -> Iterator[Passage]:
        """As the other source draws them; where it cannot, from all its documents by the seed."""
        from cem_embeddings.other import Other

        drawn = Other(self.options, ctx).sample(count)
        if drawn is not None:
            yield from map(self._own, drawn)
            return
        store, _ = self._open(ctx)
        rows = random.Random(ctx.seed).sample(range(len(store)), min(count, len(store)))  # noqa: S311 (draws text)
        yield from self._read(store, rows, [[]] * len(rows))

    def documents(self, ctx: Context) -> Iterator[Passage]:
        from cem_embeddings.other import Other

        yield from map(self._own, Other(self.options, ctx).documents())

    def _asked(self, mistake: Mistake) -> list[str]:
        """What is looked up."""
        from cem_toolkit.searching import whole_question

        if self.options.questions:
            return [whole_question(mistake)]
        return list(dict.fromkeys(mistake.queries))

    def _open(self, ctx: Context) -> "tuple[Store, Embedder]":
        """All documents with their vectors, which are made where they are not in the cache yet, and the encoder."""
        from cem_embeddings.encoder import find_encoder, load_encoder
        from cem_embeddings.other import Other
        from cem_embeddings.store import Store

        other, model = Other(self.options, ctx), find_encoder(self.options, ctx)
        key = content_id(self.version, other.fingerprint(), model.fingerprint, self.options.dtype)
        store = Store(ctx.cache / key, self.options.dtype)
        embedder = load_encoder(model, self.options)
        if not store.whole:
            ctx.log(f"embeddings: encoding the documents of {other.name}, once; an interrupted try is gone on with")
            dimension = embedder.embed(["one"]).shape[1]
            with ctx.progress("encode documents", None) as step:
                store.fill(other.documents(), embedder.embed, dimension, step.advance)
        if not len(store):
            raise CemError(f"embeddings: over: the source {other.name!r} has no documents")
        return store, embedder

    def _read(self, store: "Store", rows: Sequence[int], hits: Sequence[Sequence[Hit]]) -> Iterator[Passage]:
        for fields, of_row in zip(store.read(rows), hits, strict=True):
            yield Passage.make(source=self.name, hits=tuple(of_row), **fields)

    def _own(self, passage: Passage) -> Passage:
        fields = {name: getattr(passage, name) for name in ("title", "text", "url", "revision", "licence")}
        return Passage.make(source=self.name, hits=(), **fields)
