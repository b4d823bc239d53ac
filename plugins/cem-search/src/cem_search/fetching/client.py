"""Follows redirects, each of them checked as if it were the first request."""

from collections.abc import Callable

from cem_search.fetching.failures import RefusedError
from cem_search.fetching.http import Answer, Http, Wanted
from cem_search.fetching.manners import Manners
from cem_search.fetching.reach import Place, Reach

MOST_REDIRECTS = 5


class Client:
    """Asks within what `reach` allows, and as `manners` has it."""

    def __init__(self, reach: Reach, http: Http, manners: Manners) -> None:
        self._reach = reach
        self._http = http
        self._manners = manners

    def get(self, place: Place, wanted: Wanted, check: Callable[[Place], float] = lambda place: 0.0) -> Answer:
        """The answer of `place`, or of where it leads to. `check` is called for every place before it is asked; it
        raises FetchError, or says how many seconds should lie between requests. Raises FetchError."""
        for _ in range(1 + MOST_REDIRECTS):
            answer = self._ask(place, wanted, check(place))
            if not answer.redirect:
                return answer
            place = self._reach.place(answer.redirect, place.url)
        raise RefusedError("too many redirects", f"more than {MOST_REDIRECTS}")

    def _ask(self, place: Place, wanted: Wanted, interval: float) -> Answer:
        return self._manners.ask(place.host, lambda: self._http.get(place, wanted), interval)
