"""An HTTP server on this machine to test sources by, and ways in which servers fail."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cem_toolkit.searching.polite import Clock

Answer = Callable[[BaseHTTPRequestHandler], None]
"""Answers one request."""


@contextlib.contextmanager
def serve(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server at 127.0.0.1 while the block lasts, by its port. `answer` is given every request, in threads; with `tls`
    it is asked by https."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def respond(self) -> None:
            answer(self)

        do_GET = do_POST = do_PUT = do_HEAD = do_CONNECT = respond  # noqa: N815 (the library's names)

        def log_message(self, format: str, *args: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None: ...

    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def reply(status: int, body: str | bytes = "", **headers: str) -> Answer:
    """`body` with its length. Underscores in the names of headers are hyphens there; an empty value leaves one off."""
    data = body.encode() if isinstance(body, str) else body
    named = {"Content-Length": str(len(data))} | {name.replace("_", "-"): value for name, value in headers.items()}

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in named.items():
            if value:
                handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def reset(handler: BaseHTTPRequestHandler) -> None:
    """The connection is reset before any answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def cut_short(body: str) -> Answer:
    """A longer answer is announced, and the connection closed after `body`."""
    whole = reply(200, body, Content_Length=str(len(body.encode()) + 5000))

    def answer(handler: BaseHTTPRequestHandler) -> None:
        whole(handler)
        handler.close_connection = True

    return answer


def drip(clock: "Clock") -> Answer:
    """A byte every five seconds of `clock`, a hundred times."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        for _ in range(100):
            clock.sleep(5)
            handler.wfile.write(b" ")

    return answer
