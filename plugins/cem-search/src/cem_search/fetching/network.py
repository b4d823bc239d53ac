"""Connections that go to checked addresses only, and that end in time."""

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore2

from cem_search.fetching.reach import Reach
from cem_toolkit.searching.polite import Clock

ADDRESSES = 4
"""Addresses of one host that are tried in turn."""


class Network(httpcore2.NetworkBackend):
    """Asks `reach` where a host is each time that a connection is made, and connects there.

    So nothing is reached unchecked, redirects included, and there is no second look-up whose answer could differ (DNS
    rebinding). TLS knows the host by its name as ever.
    """

    def __init__(self, reach: Reach, clock: Clock, seconds: float) -> None:
        self._reach = reach
        self._clock = clock
        self._seconds = seconds
        self._system = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        deadline = self._clock.now() + self._seconds
        addresses = self._reach.addresses(host, port)[:ADDRESSES]
        for address in addresses[:-1]:
            try:
                return self._connect(address, port, deadline)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return self._connect(addresses[-1], port, deadline)

    def _connect(self, address: str, port: int, deadline: float) -> httpcore2.NetworkStream:
        left = _left(deadline, self._clock)
        return _Stream(self._system.connect_tcp(address, port, timeout=left), deadline, self._clock)


class _Stream(httpcore2.NetworkStream):
    """A connection that ends at `deadline`, with all its reads and writes. A limit for each of them would let a server
    drip for hours."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float, clock: Clock) -> None:
        self._stream = stream
        self._deadline = deadline
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, self._clock))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, self._clock))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = _left(self._deadline, self._clock)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline, self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float, clock: Clock) -> float:
    left = deadline - clock.now()
    if left <= 0:
        raise httpcore2.ReadTimeout("the time for the whole request is over")
    return left
