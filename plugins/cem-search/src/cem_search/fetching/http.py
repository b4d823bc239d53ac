"""One HTTP request, and what its answer means."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpcore2

from cem_search.fetching.body import TOO_LONG, read_body
from cem_search.fetching.failures import PassingError, RefusedError
from cem_search.fetching.network import Network
from cem_search.fetching.reach import Place, Reach
from cem_toolkit.searching.polite import PASSING_STATUS, Clock, parse_retry_after

REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent: names of `headers` are in lower case; `body` is empty unless `status` is 200."""

    place: Place
    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def redirect(self) -> str:
        """Where it sends us, or ""."""
        return self.headers.get("location", "") if self.status in REDIRECTS else ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: the header Accept, the longest body, and a look at the headers before the body is read, which
    raises FetchError for what is not wanted."""

    accept: str
    max_bytes: int
    look: Callable[[Mapping[str, str]], None] = lambda headers: None
    cut: bool = False
    """Whether the beginning of a longer body is of use."""


class Http:
    """GET requests, each over a connection of its own.

    httpcore2, which httpx2 stands on, is asked directly: it has no cookies, follows no redirects, looks at no proxy in
    the environment and unpacks nothing, all of which would have to be switched off.
    """

    def __init__(
        self, reach: Reach, user_agent: str, timeout: float, clock: Clock, tls: ssl.SSLContext | None = None
    ) -> None:
        self._user_agent = user_agent
        self._timeout = timeout
        network = Network(reach, clock, timeout)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls, network_backend=network, max_connections=None, max_keepalive_connections=0
        )

    def close(self) -> None:
        self._pool.close()

    def get(self, place: Place, wanted: Wanted) -> Answer:
        """The answer with status 200, a redirect, or a lasting status. Raises PassingError for what is worth another
        try, and RefusedError for what must not be asked or is not wanted."""
        try:
            with self._pool.stream("GET", _url(place), headers=self._headers(place, wanted)) as response:
                return self._understand(place, wanted, response)
        except httpcore2.TimeoutException:
            raise PassingError("no answer", f"none whole within {self._timeout:g} s") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise PassingError("no answer", (str(error) or type(error).__name__)[:200]) from None

    def _headers(self, place: Place, wanted: Wanted) -> list[tuple[str, str]]:
        return [
            ("Host", place.authority),
            ("User-Agent", self._user_agent),
            ("Accept", wanted.accept),
            ("Accept-Encoding", "gzip"),
            ("Connection", "close"),
        ]

    def _understand(self, place: Place, wanted: Wanted, response: Any) -> Answer:
        headers: dict[str, str] = {}
        for name, value in response.headers:
            headers.setdefault(name.decode("latin-1").lower(), value.decode("utf-8", "replace"))
        answer = Answer(place, response.status, headers)
        if answer.status in PASSING_STATUS:
            raise PassingError(f"HTTP {answer.status}", "", parse_retry_after(headers.get("retry-after")))
        if answer.status != 200:
            return answer
        wanted.look(headers)
        length = headers.get("content-length", "")
        if not wanted.cut and length.isdecimal() and int(length[:20]) > wanted.max_bytes:
            raise RefusedError(TOO_LONG, f"{length[:20]} bytes")
        coding = headers.get("content-encoding", "").strip().lower()
        body = read_body(response.iter_stream(), coding, wanted.max_bytes, cut=wanted.cut)
        return Answer(place, answer.status, headers, body)


def _url(place: Place) -> httpcore2.URL:
    """The place in its parts, so that nothing is parsed a second time and perhaps otherwise."""
    scheme, host, target = (part.encode("ascii") for part in (place.scheme, place.host, place.target))
    return httpcore2.URL(scheme=scheme, host=host, port=place.port, target=target)
