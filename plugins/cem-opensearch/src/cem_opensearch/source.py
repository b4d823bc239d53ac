"""The knowledge source `opensearch`."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar, TypeVar

from cem_opensearch.options import OpenSearchOptions
from cem_toolkit.api import CemError, Context
from cem_toolkit.searching import Backend, SearchSource

if TYPE_CHECKING:
    from cem_opensearch.engine import Engine

QUICK_RETRIES = 1

Answer = TypeVar("Answer")


class OpenSearch(SearchSource):
    """Documents of an index of OpenSearch or Elasticsearch, as its own search ranks them for each mistake's queries."""

    name: ClassVar[str] = "opensearch"
    version: ClassVar[str] = "1"
    Options = OpenSearchOptions

    def open(self, ctx: Context) -> Backend:
        from cem_opensearch.backend import IndexBackend
        from cem_toolkit.searching.polite import Clock

        return IndexBackend(self.options, ctx, Clock())

    def check(self, ctx: Context) -> None:
        """Says in one line what is there. Raises CemError where the engine cannot be reached, does not let one in, or
        lacks the index or a field, and where the filter or the kind of match is not to its liking."""
        from cem_opensearch.fields import check_fields, searched_fields
        from cem_opensearch.signing_in import sent_in_the_clear

        super().check(ctx)
        with self._engine(ctx, retries=QUICK_RETRIES) as engine:
            types = engine.field_types()
            count, _ = engine.census()
            what, _ = _if_allowed(engine.about, ("an engine that does not tell its version", ""))
            if not count:
                filtered = " that the filter lets through" if self.options.filter else ""
                raise CemError(f"opensearch: {self.options.index} has no documents{filtered}")
            check_fields(self.options, types)
            (answer,) = engine.search_all(["test"], searched_fields(self.options, types), 1)
            if isinstance(answer, Exception):
                raise CemError(f"opensearch: {self.options.index} cannot be searched as the options say: {answer}")
        ctx.log(f"opensearch: {what} at {self.options.url[0]}: {self.options.index} has {count} documents")
        if far := sent_in_the_clear(self.options):
            ctx.log(f"opensearch: {far}: secrets go over the network unencrypted: use https where you can")

    def fingerprint(self, ctx: Context) -> str:
        """The ids of cluster and indices, as far as the account may see them, and figures that change with every
        document. Addresses are no part of it."""
        from cem_toolkit.api import content_id

        with self._engine(ctx) as engine:
            _, cluster = _if_allowed(engine.about, ("", ""))
            none: list[str] = []
            uuids = _if_allowed(engine.uuids, none)
            _, figures = engine.census()
        return " ".join(filter(None, (content_id(cluster, *uuids, *figures), super().fingerprint(ctx))))

    @contextlib.contextmanager
    def _engine(self, ctx: Context, retries: int | None = None) -> "Iterator[Engine]":
        """What fails within is a CemError in one line."""
        from cem_opensearch.connecting import connect
        from cem_toolkit.searching.polite import Clock, RequestError

        engine = connect(self.options, ctx, Clock(), retries=retries)
        try:
            yield engine
        except RequestError as error:
            raise CemError(f"opensearch: {self._explain(error)}") from None
        finally:
            engine.close()

    def _explain(self, error: Exception) -> str:
        url, index = self.options.url[0], self.options.index
        match getattr(error, "status", None):
            case 401:
                how = "check" if self.options.api_key_env or self.options.username_env else "set"
                return f"{url} does not let you in ({error}): {how} api_key_env, or username_env and password_env"
            case 403:
                return f"{url}: this account may not read {index} ({error})"
            case 404:
                return f"index: {url} has no index {index!r} ({error})"
            case None:
                return f"{url} cannot be asked: {error} (is it running, and does url name it?)"
            case _:
                return f"{url} refuses to search {index}: {error}"


def _if_allowed(ask: Callable[[], Answer], otherwise: Answer) -> Answer:
    """What `ask` says, or `otherwise` where an account may read the index alone."""
    from cem_opensearch.failures import RefusedError

    try:
        return ask()
    except RefusedError as error:
        if error.status != 403:
            raise
        return otherwise
