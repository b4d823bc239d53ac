"""What the source asks of a search engine."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_QUERY = 300
"""Characters. Engines refuse long queries, or look at their beginning only."""


@dataclass(frozen=True, slots=True)
class Result:
    """A search result. Its snippet is not used: the page itself is read."""

    url: str
    title: str


class Engine(ABC):
    """Queries are never empty, and at most `LONGEST_QUERY` long."""

    @property
    @abstractmethod
    def key(self) -> str:
        """What besides the query decides the results: engine and options."""

    @abstractmethod
    def search(self, query: str, limit: int) -> Sequence[Result]:
        """At most `limit` results, best first. Raises FetchError where there was no answer."""

    def close(self) -> None:  # noqa: B027 (an optional step)
        """Called at the end."""
