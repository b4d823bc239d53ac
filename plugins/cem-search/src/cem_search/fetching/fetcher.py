"""Fetches web pages: what may be read, of a kind that can be read."""

import importlib.metadata
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cem_search.fetching.client import Client
from cem_search.fetching.failures import RefusedError
from cem_search.fetching.http import Http, Wanted
from cem_search.fetching.manners import Manners
from cem_search.fetching.reach import Reach
from cem_search.fetching.robots import ROBOT, Robots
from cem_toolkit.searching.polite import Clock

HTML = ("text/html", "application/xhtml+xml")
PLAIN = "text/plain"
RESERVED = "reserved by the site"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page as it was sent. `url` is where redirects led to, `type` and `charset` what its header states."""

    url: str
    type: str
    charset: str
    body: bytes


class Fetcher:
    """Pages of the web within `reach`, by `manners`, as robots.txt allows. Threads may share it."""

    def __init__(
        self,
        reach: Reach,
        manners: Manners,
        clock: Clock,
        *,
        timeout: float,
        max_bytes: int,
        contact: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._reach = reach
        self._http = Http(reach, user_agent(contact), timeout, clock, tls)
        self._client = Client(reach, self._http, manners)
        self._robots = Robots(reach, self._client)
        self._wanted = Wanted(f"{', '.join(HTML)}, {PLAIN};q=0.8", max_bytes, look)

    def close(self) -> None:
        self._http.close()

    def fetch(self, url: str) -> Fetched:
        """The page at `url`. Raises FetchError where it must not, should not or cannot be had."""
        answer = self._client.get(self._reach.place(url), self._wanted, self._robots.check)
        if answer.status != 200:
            raise RefusedError(f"HTTP {answer.status}")
        kind, charset = content_type(answer.headers)
        return Fetched(answer.place.url, kind or HTML[0], charset, answer.body)


def look(headers: Mapping[str, str]) -> None:
    """Raises RefusedError where the headers tell of another kind of content than HTML and plain text, or reserve the
    page against being used as data."""
    kind, _ = content_type(headers)
    if kind == "application/pdf":
        raise RefusedError("a PDF", "PDF files are not read")
    if kind and kind not in HTML and kind != PLAIN:
        raise RefusedError("not a page", f"{kind[:60]!r} is neither HTML nor plain text")
    if reserves(headers.get("x-robots-tag", ""), headers.get("tdm-reservation", "")):
        raise RefusedError(RESERVED, "by the header X-Robots-Tag or TDM-Reservation")


def reserves(robots: str, reservation: str) -> bool:
    """Whether a page is not to be used as data: `noai` among its directives to robots, or the TDM Reservation Protocol
    (https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/)."""
    words: Iterable[str] = robots.lower().replace(",", " ").replace(":", " ").split()
    return "noai" in words or reservation.strip() == "1"


def content_type(headers: Mapping[str, str]) -> tuple[str, str]:
    """The media type and the charset that the header states, in lower case, or "" each."""
    kind, *parameters = headers.get("content-type", "").lower().split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return kind.strip(), value.strip(" \"'")
    return kind.strip(), ""


def user_agent(contact: str) -> str:
    """Who asks, and whom to write to."""
    about = f" ({contact})" if contact else ""
    return f"{ROBOT}/{importlib.metadata.version('cem-search')}{about} httpx2/{importlib.metadata.version('httpx2')}"
