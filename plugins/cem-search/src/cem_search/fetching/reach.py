"""Whom the source may ask at all: which addresses on the web, and which machines behind them."""

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from cem_search.fetching.addresses import is_public, parse_address
from cem_search.fetching.failures import PassingError, RefusedError
from cem_search.fetching.private import Private

LONGEST_URL = 2000
NOT_ALLOWED = "address not allowed"
NOT_FOUND = "host not found"
DOMAIN = "domain not allowed"

Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Place:
    """A URL that may be asked, in its normal form: ASCII, without fragment and default port."""

    url: str
    scheme: str
    host: str
    port: int
    target: str
    """Path and query, as they are sent."""

    @property
    def authority(self) -> str:
        """Host and port as the header Host names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of `host`, as the system's resolver orders them. Raises OSError or UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Reach:
    """The rules for places and for the addresses behind them; see the options of the same names."""

    def __init__(
        self,
        *,
        ports: Iterable[int] = (80, 443),
        allow: Iterable[str] = (),
        deny: Iterable[str] = (),
        private: Private | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        self._ports = frozenset(ports)
        self._allow, self._deny = frozenset(map(domain_name, allow)), frozenset(map(domain_name, deny))
        self._private = private or Private(())
        self._resolve = resolve

    def place(self, url: str, base: str = "") -> Place:
        """`url` (on a page at `base`) as a place that may be asked. Looks nothing up. Raises RefusedError."""
        try:
            place = _parse(urljoin(base, url) if base else url)
        except ValueError as error:  # urljoin's, where brackets do not match
            raise RefusedError(NOT_ALLOWED, f"no URL: {error}") from None
        if place.port not in self._ports and not self._private.names_port(place.host, place.port):
            raise RefusedError(NOT_ALLOWED, f"port {place.port}")
        if _within(place.host, self._deny):
            raise RefusedError(DOMAIN, f"{place.host} is denied")
        if self._allow and not _within(place.host, self._allow):
            raise RefusedError(DOMAIN, f"{place.host} is not among those in allow")
        return place

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Where `host` is: connect to these and look nothing up again, for a name server may say something else then.

        Raises RefusedError where any of its addresses is not public, unless the user admits it, and PassingError where
        there is none.
        """
        look_up = self._resolve or resolve
        try:
            found = look_up(host, port)
        except UnicodeError:
            raise RefusedError(NOT_ALLOWED, f"{host!r} is no host name") from None
        except OSError as error:
            raise PassingError(NOT_FOUND, f"{host}: {error.strerror or error}") from None
        if not found:
            raise PassingError(NOT_FOUND, host)
        if not self._private.names(host, port):
            for text in found:
                self._check(host, text)
        return found

    def _check(self, host: str, text: str) -> None:
        try:
            address = parse_address(text)
        except ValueError:
            raise RefusedError(NOT_ALLOWED, f"{host} is at {text!r}") from None
        if not is_public(address) and not self._private.holds(address):
            raise RefusedError(NOT_ALLOWED, f"{host} is at {text}, which is not public")


def _parse(url: str) -> Place:
    import httpx2

    if len(url) > LONGEST_URL:
        raise RefusedError(NOT_ALLOWED, f"longer than {LONGEST_URL} characters")
    try:
        parsed = httpx2.URL(url.strip())
        scheme, host = parsed.scheme, parsed.raw_host.decode("ascii").rstrip(".").lower()
        port = parsed.port or {"http": 80, "https": 443}.get(scheme, 0)
        target = parsed.raw_path.decode("ascii")
    except (httpx2.InvalidURL, ValueError) as error:
        raise RefusedError(NOT_ALLOWED, f"no URL: {error}") from None
    if scheme not in ("http", "https"):
        raise RefusedError(NOT_ALLOWED, f"{scheme or 'no'} scheme, only http and https")
    if parsed.userinfo:
        raise RefusedError(NOT_ALLOWED, "a name or password in the URL")
    host = host.strip("[]")
    if not host or "%" in host:
        raise RefusedError(NOT_ALLOWED, f"{host!r} is no host name")
    place = Place("", scheme, host, port, target or "/")
    return Place(place.origin + place.target, scheme, host, port, place.target)


def domain_name(name: str) -> str:
    """`name` as URLs have it: lower-case ASCII (IDNA). Raises ValueError where it is no domain."""
    import httpx2

    try:
        url = httpx2.URL(f"http://{name.strip('.')}")
    except httpx2.InvalidURL:
        url = httpx2.URL()
    domain = url.raw_host.decode("ascii").lower()
    if str(url).strip("/") != f"http://{domain}" or not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", domain):
        raise ValueError(f"{name!r} is no domain: write it as 'example.org', without https:// and paths")
    return domain


def _within(host: str, domains: frozenset[str]) -> bool:
    """Whether `host` is one of `domains` or below one."""
    labels = host.split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels)))
