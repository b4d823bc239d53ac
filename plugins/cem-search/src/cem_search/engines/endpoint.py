"""A search endpoint of the user's own that answers as SearXNG does: {"results": [{"url": …, "title": …}, …]}
(https://docs.searxng.org/dev/search_api.html)."""

from collections.abc import Sequence
from urllib.parse import quote

from cem_search.engines.engine import Engine, Result
from cem_search.fetching.client import Client
from cem_search.fetching.failures import PassingError, RefusedError
from cem_search.fetching.fetcher import user_agent
from cem_search.fetching.http import Http, Wanted
from cem_search.fetching.manners import Manners
from cem_search.fetching.private import Private
from cem_search.fetching.reach import Reach
from cem_search.options import WebSearchOptions
from cem_toolkit.api import content_id, parse_json
from cem_toolkit.searching.polite import Clock

MAX_BYTES = 4 * 2**20
FAILED = "search failed"


class Endpoint(Engine):
    """One request a query. The user has named the endpoint's host, so it may be a private one; where it redirects to,
    only with `allow_private`."""

    def __init__(self, options: WebSearchOptions, manners: Manners, clock: Clock) -> None:
        self._template = options.endpoint
        own = Reach(ports=range(1, 65536)).place(self._address("x"))
        named = f"[{own.host}]:{own.port}" if ":" in own.host else f"{own.host}:{own.port}"
        self._reach = Reach(private=Private((named, *options.allow_private)))
        self._http = Http(self._reach, user_agent(options.contact), options.timeout, clock)
        self._client = Client(self._reach, self._http, manners)

    @property
    def key(self) -> str:
        """A hash: the address may hold the user's key."""
        return f"endpoint {content_id(self._template)}"

    def search(self, query: str, limit: int) -> Sequence[Result]:
        place = self._reach.place(self._address(query))
        answer = self._client.get(place, Wanted("application/json", MAX_BYTES))
        if answer.status != 200:
            hint = " (SearXNG: allow the format json in settings.yml)" if answer.status == 403 else ""
            raise RefusedError(FAILED, f"{place.origin}: HTTP {answer.status}{hint}")
        return _results(answer.body, place.origin)[:limit]

    def close(self) -> None:
        self._http.close()

    def _address(self, query: str) -> str:
        return self._template.replace("{query}", quote(query, safe="", errors="replace"))


def _results(body: bytes, origin: str) -> list[Result]:
    try:
        results = parse_json(body)["results"]
        return [Result(str(each["url"]), str(each.get("title") or "")) for each in results if each.get("url")]
    except (ValueError, KeyError, TypeError, AttributeError):
        # Not how it begins: it may repeat the address, which may hold the user's key.
        raise PassingError(
            FAILED, f"{origin}: no JSON object with results, but {len(body):,} bytes of another kind"
        ) from None
