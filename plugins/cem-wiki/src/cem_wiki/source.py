"""The knowledge source `wiki`."""

from typing import TYPE_CHECKING, ClassVar

from cem_toolkit.api import Context
from cem_toolkit.searching import SearchSource
from cem_wiki.options import WikiOptions

if TYPE_CHECKING:
    from cem_toolkit.searching import Backend


class Wiki(SearchSource):
    """Pages of Wikipedia, or of another wiki, for each mistake's queries.

    Offline, `sample` draws the same pages by the same seed. A live wiki draws as it likes: there only what is in the
    cache is the same again.
    """

    name: ClassVar[str] = "wiki"
    version: ClassVar[str] = "1"
    Options = WikiOptions

    def check(self, ctx: Context) -> None:
        """Raises CemError where the offline data or the encoder cannot be had. Asks nothing of the network, but for an
        encoder that is not on disk yet."""
        from cem_wiki.summaries import find_data

        if self.options.backend == "offline":
            find_data(self.options, ctx.config_folder)
        elif not self.options.contact:
            ctx.log("wiki: live: set the option contact: Wikimedia may refuse clients that name nobody to write to")
        super().check(ctx)

    def fingerprint(self, ctx: Context) -> str:
        """A hash of the offline data, and of the encoder; for a live wiki its address, whose pages may change while
        this stays."""
        from cem_wiki.summaries import find_data

        if self.options.backend == "live":
            return str(self.options.api_address)
        data, encoder = find_data(self.options, ctx.config_folder).digest(), super().fingerprint(ctx)
        return f"{data} {encoder}" if encoder else data

    def open(self, ctx: Context) -> "Backend":
        if self.options.backend == "offline":
            from cem_wiki.offline import OfflineBackend

            return OfflineBackend(self.options, ctx)
        from cem_wiki.live.backend import LiveBackend
        from cem_wiki.live.clock import Clock

        return LiveBackend(self.options, ctx, Clock())
