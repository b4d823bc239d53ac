"""The source whose documents are searched."""

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import replace

from pydantic import ValidationError

from cem_embeddings.options import EmbeddingsOptions
from cem_toolkit.api import CemError, Context, Passage, Source, content_id, find_component


class Other:
    """The source `over` with its options and a cache of its own. Raises CemError where there is no such source, or it
    does not take the options."""

    def __init__(self, options: EmbeddingsOptions, ctx: Context) -> None:
        self.name = options.over
        cls = find_component("source", options.over)
        try:
            source = cls(cls.Options.model_validate(options.options))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(("options", *map(str, first["loc"])))
            raise CemError(f"embeddings: {where}: {first['msg']} (options of {options.over})") from None
        assert isinstance(source, Source)  # noqa: S101 (as `find_component` was asked)
        self._source = source
        self._ctx = replace(ctx, cache=ctx.cache / "over" / options.over)
        self._ctx.cache.mkdir(parents=True, exist_ok=True)
        given = repr(sorted(source.options.model_dump(mode="json").items()))
        self._key = (source.name, source.version, given)

    def check(self) -> None:
        self._source.check(self._ctx)

    def fingerprint(self) -> str:
        """Changes with the source, its version, its options and what it says of its documents."""
        return content_id(*self._key, self._source.fingerprint(self._ctx))

    def documents(self) -> Iterator[Passage]:
        """All documents. Raises CemError where the source cannot list them."""
        try:
            yield from self._source.documents(self._ctx)
        except NotImplementedError:
            raise CemError(
                f"embeddings: over: the source {self.name!r} cannot list its documents: use it by itself (where it "
                "takes ranking: hybrid, an encoder orders what it finds)"
            ) from None

    def has_documents(self) -> bool:
        """Whether there is a first one. Raises CemError as `documents` does."""
        documents = self.documents()
        with contextlib.closing(documents) if isinstance(documents, Generator) else contextlib.nullcontext():
            return next(iter(documents), None) is not None

    def sample(self, count: int) -> list[Passage] | None:
        """What the source draws at random, or None where it cannot."""
        try:
            return list(self._source.sample(count, self._ctx))
        except NotImplementedError:
            return None
