"""The knowledge source `docs`."""

from typing import TYPE_CHECKING, ClassVar

from cem_docs.options import DocsOptions
from cem_toolkit.api import Context
from cem_toolkit.searching import SearchSource

if TYPE_CHECKING:
    from cem_toolkit.searching import Backend


class Docs(SearchSource):
    """Passages of a team's own documents, for each mistake's queries."""

    name: ClassVar[str] = "docs"
    version: ClassVar[str] = "1"
    Options = DocsOptions

    def check(self, ctx: Context) -> None:
        """Raises CemError where there is nothing to read, or a library that reads it is not installed. Opens no
        document but to hash it."""
        from cem_docs.library import Library

        super().check(ctx)
        Library(self.options, ctx)

    def fingerprint(self, ctx: Context) -> str:
        """A hash of the files' names and contents and of the options that decide what passages say. Of a data set on
        the hub it is the name and, where one is set, the revision."""
        from cem_docs.library import Library

        return f"{super().fingerprint(ctx)} {Library(self.options, ctx).key} {self.options.language}".strip()

    def open(self, ctx: Context) -> "Backend":
        from cem_docs.backend import DocsBackend

        return DocsBackend(self.options, ctx)
