"""The knowledge source `wiki`."""

from typing import TYPE_CHECKING, ClassVar

from cem_toolkit.api import Context
from cem_toolkit.searching import SearchSource
from cem_wiki.options import WikiOptions

if TYPE_CHECKING:
    from cem_toolkit.searching import Backend
    from cem_wiki.collection import Collection


class Wiki(SearchSource):
    """Pages of Wikipedia, or of another wiki, for each mistake's queries.

    On this machine, `sample` draws the same pages by the same seed. A live wiki draws as it likes: there only what is
    in the cache is the same again.
    """

    name: ClassVar[str] = "wiki"
    version: ClassVar[str] = "1"
    Options = WikiOptions

    def check(self, ctx: Context) -> None:
        """Raises CemError where the data or the encoder cannot be had. Asks nothing of the network, but for an encoder
        that is not on disk yet."""
        if self.options.backend == "live":
            if not self.options.contact:
                ctx.log("wiki: live: set the option contact: Wikimedia may refuse clients that name nobody to write to")
        else:
            self._identity(ctx)
        super().check(ctx)

    def fingerprint(self, ctx: Context) -> str:
        """What stands for the data, and a hash of the encoder; for a live wiki its address, whose pages may change
        while this stays."""
        if self.options.backend == "live":
            return str(self.options.api_address)
        data, encoder = self._identity(ctx), super().fingerprint(ctx)
        return f"{data} {encoder}" if encoder else data

    def open(self, ctx: Context) -> "Backend":
        if self.options.backend == "live":
            from cem_toolkit.searching.polite import Clock
            from cem_wiki.live.backend import LiveBackend

            return LiveBackend(self.options, ctx, Clock())
        if self.options.backend == "offline":
            from cem_wiki.offline import OfflineBackend

            return OfflineBackend(self.options, ctx)
        collection = self._collection(ctx)  # first: it says in a line what is not installed
        from cem_wiki.indexed import IndexedBackend

        return IndexedBackend(collection, self.options, ctx)

    def _identity(self, ctx: Context) -> str:
        """Of what lies on this machine."""
        if self.options.backend == "offline":
            from cem_wiki.summaries import find_data

            return find_data(self.options, ctx.config_folder).digest()
        return self._collection(ctx).key

    def _collection(self, ctx: Context) -> "Collection":
        from cem_wiki.summaries import find_file

        path = find_file(self.options, ctx.config_folder)
        if self.options.backend == "zim":
            from cem_wiki.zim.archive import ZimFile

            return ZimFile(path, self.options)
        from cem_wiki.dump.file import DumpFile

        return DumpFile(path, self.options)
