"""The hosts and networks that a user admits by name, although their addresses are not public."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network

from cem_search.fetching.addresses import Address


class Private:
    """Entries are hosts (`wiki.intern`), with a port or without (`localhost:8080`, `[::1]:8080`), and networks
    (`10.1.0.0/16`).

    A port is admitted together with its host. Raises ValueError where an entry is none of these.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = []
        self._hosts: set[tuple[str, int | None]] = set()
        for entry in entries:
            if "/" in entry:
                self._networks.append(ip_network(entry, strict=False))
            else:
                self._hosts.add(_split(entry))

    def names(self, host: str, port: int) -> bool:
        """Whether the user admits `host` at `port`, wherever it is."""
        return (host, port) in self._hosts or (host, None) in self._hosts

    def names_port(self, host: str, port: int) -> bool:
        """Whether the user names this very port."""
        return (host, port) in self._hosts

    def holds(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def _split(entry: str) -> tuple[str, int | None]:
    name, colon, port = entry.rpartition(":")
    if not colon or (":" in name and not entry.startswith("[")):  # an IPv6 address alone has colons, too
        name, port = entry, ""
    host = name.strip("[]").rstrip(".").lower()
    if not host or "@" in host or (colon and name != entry and not port.isdecimal()):
        raise ValueError(f"{entry!r} is no host ('wiki.intern', 'localhost:8080') and no network ('10.1.0.0/16')")
    return host, int(port) if port else None
