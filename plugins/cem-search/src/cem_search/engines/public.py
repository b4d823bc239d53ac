"""Public search engines, by the metasearch library ddgs."""

from collections.abc import Sequence

from cem_search.engines.engine import Engine, Result
from cem_search.fetching.failures import PassingError
from cem_search.fetching.manners import Manners
from cem_search.options import WebSearchOptions
from cem_toolkit.api import CemError

AUTO = ("auto", "all")


class PublicEngines(Engine):
    """The first page of results of the engines that `options.engines` names.

    ddgs makes its requests itself: to the engines' own addresses, not by this source's client.
    """

    def __init__(self, options: WebSearchOptions, manners: Manners) -> None:
        self._options = options
        self._manners = manners

    @property
    def key(self) -> str:
        return self._options.public_engines

    def search(self, query: str, limit: int) -> Sequence[Result]:
        return self._manners.ask("ddgs", lambda: self._search(query, limit))

    def _search(self, query: str, limit: int) -> Sequence[Result]:
        import ddgs
        from ddgs.exceptions import DDGSException

        options = self._options
        try:
            found = ddgs.DDGS(timeout=max(1, round(options.timeout))).text(
                query,
                region=options.region,
                safesearch=options.safesearch,
                backend=options.engines,
                max_results=limit,
            )
        except DDGSException as error:
            if str(error) == "No results found.":
                return []
            raise PassingError("search failed", f"ddgs: {error}"[:200]) from None
        return [Result(str(each.get("href", "")), str(each.get("title", ""))) for each in found[:limit]]


def check_engines(names: str) -> None:
    """Raises CemError where ddgs does not have an engine: it would say nothing and ask others."""
    from ddgs.engines import ENGINES

    known = ENGINES["text"]
    for name in names.split(","):
        if name.strip() not in (*AUTO, *known):
            raise CemError(
                f"search: engines: ddgs has no text engine {name.strip()!r}, only: {', '.join(sorted(known))}"
            )
