"""What the source asks of a place where pages are searched."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

from cem_toolkit.searching.pages import Page


class Backend(ABC):
    """Pages are named by numbers of the backend's own until `read_pages` turns them into text."""

    at_once = 1
    """Pages that are best read together."""

    def prepare(self, queries: Sequence[str]) -> None:  # noqa: B027 (an optional step)
        """Told of all queries before the first search, in case they are cheaper together."""

    @abstractmethod
    def search(self, query: str) -> Sequence[int]:
        """At most `per_query` pages, best first; a page of that very title should come before all others."""

    @abstractmethod
    def read_pages(self, numbers: Sequence[int]) -> Mapping[int, Page]:
        """The pages of `numbers`, in their order, less those that could not be had."""

    @abstractmethod
    def sample(self, count: int, seed: int) -> Sequence[int]:
        """At most `count` pages drawn at random by the seed, none twice. Raises NotImplementedError where the place
        cannot draw."""

    def documents(self) -> Iterator[Page]:
        """All pages, in an order that stays. Raises NotImplementedError where the place cannot list them."""
        raise NotImplementedError

    def conclude(self, found: bool) -> None:  # noqa: B027 (an optional step)
        """Told at the end whether any page was read. Raises CemError where none was because all failed."""

    def close(self) -> None:  # noqa: B027 (an optional step)
        """Called at the end."""
