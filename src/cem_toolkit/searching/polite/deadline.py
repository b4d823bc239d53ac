"""One time for a whole request, whatever part of it is slow."""

import contextlib
import socket
import threading
from collections.abc import Mapping
from typing import Any, Self


class Deadline:
    """Cuts the connections of one request when its seconds are over.

    Time limits of HTTP libraries are for each read, so that a byte a second, of a header or of a chunk's length, holds
    one for ever. `see` is what httpx and httpx2 call as a request's `trace` extension; the request must be on a
    connection of its own (`Connection: close`), for that is where its connection is told.
    """

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._streams: list[Any] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()

    def see(self, event: str, info: Mapping[str, Any]) -> None:
        """Notes the connections that are made."""
        stream = info.get("return_value")
        if event.endswith(("connect_tcp.complete", "start_tls.complete")) and hasattr(stream, "get_extra_info"):
            self._streams.append(stream)
            if self.over:
                self._cut()

    def _end(self) -> None:
        self.over = True
        self._cut()

    def _cut(self) -> None:
        for stream in list(self._streams):
            connection = stream.get_extra_info("socket")
            if isinstance(connection, socket.socket):
                with contextlib.suppress(OSError):  # closed already, or one that TLS has taken over
                    # Not TLS's own, which would take what it needs from the thread that reads.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
