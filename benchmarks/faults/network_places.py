"""Faults before HTTP: nobody there, nobody who takes a connection, names that cannot be found, and bad certificates."""

import contextlib
import datetime
import os
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cem_toolkit.testing.serving import Answer, serve


@dataclass(frozen=True)
class Place:
    """Where a client is sent: an address while the block lasts. `right`: all is well there."""

    kind: str
    name: str
    open: Callable[[Answer], AbstractContextManager[str]]
    right: bool = False
    short: bool = False


@contextlib.contextmanager
def _refused(respond: Answer) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def _no_connection(respond: Answer) -> Iterator[str]:
    """A queue of connections that is full, so that the next one is never made."""
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield f"http://127.0.0.1:{full.getsockname()[1]}"


def _names(name: str) -> Callable[[Answer], AbstractContextManager[str]]:
    @contextlib.contextmanager
    def place(respond: Answer) -> Iterator[str]:
        _look_up_here()
        yield f"http://{name}:8080"

    return place


UNKNOWN = {"unknown.test": socket.EAI_NONAME, "busy.test": socket.EAI_AGAIN, "broken.test": socket.EAI_FAIL}
_looking = threading.Lock()


def _look_up_here() -> None:
    """This process's name server fails for the names of `UNKNOWN`, whatever the network is like."""
    with _looking:
        if getattr(socket.getaddrinfo, "faulty", False):
            return
        real = socket.getaddrinfo

        def look_up(host: Any, *arguments: Any, **named: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else host
            if name in UNKNOWN:
                raise socket.gaierror(UNKNOWN[name], "name or service not known")
            return real(host, *arguments, **named)

        look_up.faulty = True  # type: ignore[attr-defined]
        socket.getaddrinfo = look_up


@cache
def authority() -> Any:
    """One that all clients of this process trust."""
    import trustme

    made = trustme.CA()
    file = Path(tempfile.mkdtemp(prefix="cem-faults-")) / "authority.pem"
    made.cert_pem.write_to_path(str(file))
    os.environ["SSL_CERT_FILE"] = str(file)
    return made


def _tls(how: str) -> Callable[[Answer], AbstractContextManager[str]]:
    @contextlib.contextmanager
    def place(respond: Answer) -> Iterator[str]:
        import trustme

        now = datetime.datetime.now(datetime.UTC)
        issuer = trustme.CA() if how == "stranger" else authority()
        until = now - datetime.timedelta(days=1) if how == "expired" else None
        leaf = issuer.issue_cert("elsewhere.test" if how == "elsewhere" else "127.0.0.1", not_after=until)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(context)
        with serve(respond, tls=context) as port:
            yield f"https://127.0.0.1:{port}"

    return place


@contextlib.contextmanager
def _no_tls(respond: Answer) -> Iterator[str]:
    with serve(respond) as port:
        yield f"https://127.0.0.1:{port}"


@contextlib.contextmanager
def _silent_tls(respond: Answer) -> Iterator[str]:
    """Takes connections, and says nothing."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        yield f"https://127.0.0.1:{silent.getsockname()[1]}"


CONNECTIONS, NAME_SERVER, TLS = "no connection", "no name", "bad certificates"
PLACES = (
    Place(CONNECTIONS, "refused", _refused, short=True),
    Place(CONNECTIONS, "no connection within the time", _no_connection),
    *(Place(NAME_SERVER, name, _names(name), short=name == "unknown.test") for name in UNKNOWN),
    Place(NAME_SERVER, "a label that is too long", _names("x" * 70 + ".test")),
    Place(NAME_SERVER, "an empty label", _names("a..test")),
    Place(TLS, "a good certificate", _tls("good"), right=True, short=True),
    Place(TLS, "an expired certificate", _tls("expired"), short=True),
    Place(TLS, "a certificate of nobody who is trusted", _tls("stranger")),
    Place(TLS, "another host's certificate", _tls("elsewhere")),
    Place(TLS, "no TLS at all", _no_tls),
    Place(TLS, "a handshake that is not answered", _silent_tls),
)
