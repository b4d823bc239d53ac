"""One request has one time and one limit for all of it."""

import gzip
from typing import Any

import httpx2
import pytest

from cem_toolkit.searching.polite import Clock, PassingError, RequestError, send
from cem_toolkit.testing.misbehaving import BROKEN, SLOW
from cem_toolkit.testing.serving import Answer, reply, serve


def ask(answer: Answer, **limits: Any) -> bytes:
    wanted = {"timeout": 0.3, "max_bytes": 10_000} | limits
    with serve(answer) as port, httpx2.Client(timeout=30) as client:
        return send(client, "GET", f"http://127.0.0.1:{port}/", clock=Clock(), **wanted)[1]


@pytest.mark.parametrize("name", SLOW)
def test_nothing_holds_a_request_beyond_its_time(name: str) -> None:
    with pytest.raises((PassingError, RequestError), match=r"no whole answer within 0\.3 s|longer than 10000 bytes"):
        ask(SLOW[name])


def test_packed_answers_are_unpacked_within_the_limit() -> None:
    packed = gzip.compress(b"x" * 9000)
    assert ask(reply(200, packed, Content_Encoding="gzip"), timeout=30) == b"x" * 9000
    with pytest.raises(RequestError, match="longer than 8000 bytes"):
        ask(reply(200, packed, Content_Encoding="gzip"), timeout=30, max_bytes=8000)
    with pytest.raises(RequestError, match="which was not asked for"):
        ask(BROKEN["a gzip bomb in gzip"], timeout=30)


def test_an_address_that_is_none_is_told() -> None:
    with httpx2.Client() as client, pytest.raises(RequestError, match="bad address"):
        send(client, "GET", "http://a..test/", timeout=1, max_bytes=9, clock=Clock())
