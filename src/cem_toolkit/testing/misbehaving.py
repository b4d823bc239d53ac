"""Ways in which an HTTP server can misbehave, by name, to test a source by: each is an answer for
`cem_toolkit.testing.serving.serve`.

A source should end within its time, with what it got, and say in one line what failed; see docs/fuzzing.md.
"""

import contextlib
import gzip
import json
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from functools import cache
from http.server import BaseHTTPRequestHandler

from cem_toolkit.testing.serving import Answer, cut_short, reply, reset

PATIENCE = 30.0
"""Seconds after which a server that holds a client for ever gives up all the same."""
STEP = 0.05
"""Seconds between the bytes of a drip."""
DEEP = 10_000
"""Arrays within each other."""


def hang(handler: BaseHTTPRequestHandler) -> None:
    """No answer, until the client goes."""
    handler.connection.settimeout(PATIENCE)
    with contextlib.suppress(OSError):
        while handler.connection.recv(1024):
            pass
    handler.close_connection = True


def _raw(*parts: bytes, then: Iterator[bytes] | Callable[[], Iterator[bytes]] = lambda: iter(())) -> Answer:
    """Bytes straight to the wire, those of `then` one after the other, slowly; then the connection is closed."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.wfile.write(b"".join(parts))
        for part in then() if callable(then) else then:
            handler.wfile.write(part)
            time.sleep(STEP)

    return answer


def _for_long(piece: bytes) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        for _ in range(int(PATIENCE / STEP)):
            yield piece

    return pieces


def _reset_midway(handler: BaseHTTPRequestHandler) -> None:
    cut_short('{"query": {')(handler)
    handler.wfile.flush()
    reset(handler)


def _echo(status: int) -> Answer:
    """The request's own headers and address, which may hold a secret, as some servers show them in an error."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        told = f"{handler.headers.get('Authorization', '')} {handler.path} {dict(handler.headers)}"
        reply(status, json.dumps({"error": told}) if status != 200 else told)(handler)

    return answer


def _to_itself(handler: BaseHTTPRequestHandler) -> None:
    reply(302, "", Location=handler.path)(handler)


def _without_end(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.send_response(200)
    handler.end_headers()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        handler.wfile.write(b" " * 65536)


@cache
def _bomb(times: int) -> bytes:
    """256 MB of zeros, packed so many times: a fraction of a megabyte, then less."""
    packed = gzip.compress(bytes(1 << 28), 1)
    for _ in range(times - 1):
        packed = gzip.compress(packed)
    return packed


def _packed(coding: str, times: int) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:  # the bomb is made when it is first asked for
        reply(200, _bomb(times), Content_Encoding=coding)(handler)

    return answer


def _in_an_hour(handler: BaseHTTPRequestHandler) -> None:
    reply(429, "", Retry_After=formatdate(time.time() + 3600, usegmt=True))(handler)


OK = b"HTTP/1.1 200 OK\r\n"

SLOW: dict[str, Answer] = {
    "no answer": hang,
    "a drip of headers": _raw(OK, b"X-Slow: ", then=_for_long(b"x")),
    "a drip of the body": _raw(OK, b"Content-Length: 100000\r\n\r\n", then=_for_long(b" ")),
    "a drip of a chunk's length": _raw(OK, b"Transfer-Encoding: chunked\r\n\r\n1;", then=_for_long(b"x")),
    "a drip of packed bytes": _raw(
        OK,
        b"Content-Encoding: gzip\r\nContent-Length: 100000\r\n\r\n",
        gzip.compress(b"")[:10],
        then=_for_long(b"\x00\x00\x00\xff\xff"),
    ),
    "one 100 Continue after the other": _raw(then=_for_long(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "a body without end": _without_end,
}
"""Answers that take for ever, each in another part."""

BROKEN: dict[str, Answer] = {
    "reset": reset,
    "reset midway": _reset_midway,
    "closed without a word": _raw(),
    "cut short": cut_short('{"query": {"pages": [{"pageid": 1, "ti'),
    "not HTTP": _raw(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "a header of 200 kB": _raw(OK, b"X: " + b"x" * 200_000 + b"\r\n\r\n"),
    "100,000 headers": _raw(OK, b"X: x\r\n" * 100_000 + b"\r\n"),
    "a header with a zero byte": _raw(OK, b"X: \x00\r\nContent-Length: 2\r\n\r\n{}"),
    "Content-Length: -1": _raw(OK, b"Content-Length: -1\r\n\r\n{}"),
    "Content-Length: many": _raw(OK, b"Content-Length: many\r\n\r\n{}"),
    "Content-Length too small": _raw(OK, b'Content-Length: 3\r\n\r\n{"query": {}}'),
    "two Content-Lengths": _raw(OK, b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} "),
    "a chunk's length that is none": _raw(OK, b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
    "broken gzip": reply(200, b"\x1f\x8b\x08\x00 no gzip at all", Content_Encoding="gzip"),
    "gzip that is none": reply(200, "{}", Content_Encoding="gzip"),
    "gzip cut short": reply(200, gzip.compress(b'{"query": {}}')[:-9], Content_Encoding="gzip"),
    "a gzip bomb": _packed("gzip", 1),
    "a gzip bomb in gzip": _packed("gzip, gzip", 2),
    "a packing that nobody knows": reply(200, "{}", Content_Encoding="x-cem"),
    "redirected to itself": _to_itself,
    "redirected within": reply(302, "", Location="http://169.254.169.254/latest/meta-data"),
    "redirected to nowhere": reply(302, "", Location="http://[/\x7f"),
}
"""Answers that are wrong as HTTP."""

_COLOURED = json.dumps({"error": {"code": "\x1b[2Jx", "info": "\ud800\u202ey\n"}})

STATUSES: dict[str, Answer] = {
    **{f"HTTP {code}": reply(code, "no") for code in (400, 401, 403, 404, 408, 418, 500, 501, 502, 503, 504, 599)},
    "HTTP 429": reply(429, "slow down"),
    **{
        f"HTTP 429, Retry-After: {value[:20] or 'empty'}": reply(429, "", Retry_After=value or " ")
        for value in ("1", "86400", "9" * 400, "-5", "soon", "", "1.5", "NaN", "²", "Wed, 99 Foo 2026 25:61:61 GMT")
    },
    "HTTP 429, Retry-After: in an hour": _in_an_hour,
    "HTTP 503 with a page": reply(503, "<!DOCTYPE html>\n<title>Down</title>\n" + "<p>later\n" * 5000),
    "HTTP 400 with control characters": reply(
        400, json.dumps({"error": {"code": "\x1b[2Jx", "info": "\ud800\u202ey\n"}})
    ),
    "HTTP 200 with an error in colours": reply(
        200, json.dumps({"error": {"code": "\x1b[2Jx", "info": "\ud800\u202ey\n"}})
    ),
    "HTTP 401 that repeats the request": _echo(401),
    "HTTP 500 that repeats the request": _echo(500),
    "HTTP 200 that repeats the request": _echo(200),
}
"""Refusals, and servers that have too much to do."""

_NAMES = ("query", "results", "hits", "responses", "fields", "choices", "continue", "error", "aggregations")
"""Of what sources look for in an answer."""
_VALUES: tuple[object, ...] = (
    5,
    "text",
    None,
    True,
    [],
    {},
    [None, 5, "x", [], {}],
    {"hits": 5, "pages": 5, "search": {"x": 1}},
    1e308,
)

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "an open brace": b"{",
    "a list": b"[]",
    "null": b"null",
    "a number": b"7",
    "a text": b'"text"',
    "a page": b"<!DOCTYPE html><title>Sign in</title>",
    "zeros": bytes(1000),
    "lists within lists": b"[" * DEEP + b"]" * DEEP,
    "objects within objects": b'{"query":' * DEEP + b"1" + b"}" * DEEP,
    "a number of 5,000 digits": b'{"query": ' + b"9" * 5000 + b"}",
    "numbers that are none": b'{"query": NaN, "results": [Infinity], "hits": {"hits": [-Infinity]}}',
    "UTF-16": '{"query": {}}'.encode("utf-16"),
    "UTF-32": '{"query": {}}'.encode("utf-32"),
    "Latin-1": '{"query": {"pages": [{"title": "Zürich"}]}}'.encode("latin-1"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "half characters": b'{"query": {"pages": [{"pageid": 1, "title": "\\ud800"}]}, "continue": {"x": "\\ud800"}}',
    "cut short within": b'{"query": {"pages": [{"pageid": 1, "ti',
    **{
        f"all that is looked for is {json.dumps(value)[:30]}": json.dumps(dict.fromkeys(_NAMES, value)).encode()
        for value in _VALUES
    },
}
"""Bodies of answers with status 200 that are no answer."""

JSON = {f"a body of {name}": reply(200, body, Content_Type="application/json") for name, body in BODIES.items()}

MISBEHAVING: dict[str, Answer] = {**SLOW, **BROKEN, **STATUSES, **JSON}
"""All of them."""
