"""The knowledge source `search`."""

from typing import TYPE_CHECKING, ClassVar

from cem_search.options import WebSearchOptions
from cem_toolkit.api import Context, content_id
from cem_toolkit.searching import SearchSource

if TYPE_CHECKING:
    from cem_toolkit.searching import Backend


class Search(SearchSource):
    """Pages of the web that a search engine finds for each mistake's queries.

    `sample` raises NotImplementedError: the web has no random page.
    """

    name: ClassVar[str] = "search"
    version: ClassVar[str] = "2"
    Options = WebSearchOptions

    def check(self, ctx: Context) -> None:
        """Raises CemError for an engine that ddgs does not have, and as every searching source. Asks nothing of the
        network, but for an encoder that is not on disk yet."""
        from cem_search.engines.public import check_engines

        if not self.options.endpoint:
            check_engines(self.options.engines)
        if not self.options.contact:
            ctx.log("search: set the option contact: sites may refuse clients that name nobody to write to")
        super().check(ctx)

    def fingerprint(self, ctx: Context) -> str:
        """The engine with its options, and the encoder. The web changes while this stays."""
        engine = self.options.endpoint or self.options.public_engines
        return f"{content_id(engine)} {super().fingerprint(ctx)}".rstrip()

    def open(self, ctx: Context) -> "Backend":
        from cem_search.assembly import open_backend
        from cem_toolkit.searching.polite import Clock

        return open_backend(self.options, ctx, Clock())
