"""Asking a server politely: when it is asked, when again, and when no more."""

import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from itertools import pairwise

import pytest

from cem_toolkit.searching.polite import (
    Clock,
    Limits,
    PassingError,
    Patience,
    RequestError,
    StoppedError,
    parse_retry_after,
    send,
)
from cem_toolkit.testing import make_clock
from cem_toolkit.testing.serving import serve

pytest.importorskip("tenacity")
httpx2 = pytest.importorskip("httpx2")


class Server:
    """Gives `answers` one after the other, raising those that are errors; then it always answers "well"."""

    def __init__(self, *answers: str | Exception) -> None:
        self.clock = make_clock()
        self.answers = list(answers)
        self.asked: list[float] = []

    def request(self) -> str:
        self.asked.append(self.clock.now())
        answer = self.answers.pop(0) if self.answers else "well"
        if isinstance(answer, Exception):
            raise answer
        return answer

    def patience(self, seed: int = 0, **limits: float) -> Patience:
        return Patience(Limits(**{"retries": 2} | limits), seed, self.clock)

    def gaps(self) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self.asked)]


BUSY = PassingError("busy")


def test_what_may_pass_is_asked_for_again_with_waits_that_grow_and_vary_by_the_seed() -> None:
    def gaps(seed: int) -> list[float]:
        server = Server(*[BUSY] * 9)
        assert server.patience(seed, retries=9).ask(server.request) == "well"
        return server.gaps()

    assert all(min(60, 2**n) / 2 <= gap <= min(60, 2**n) for n, gap in enumerate(gaps(0)))
    assert gaps(0) == gaps(0) != gaps(1)


def test_the_last_failure_is_told_when_tries_are_over() -> None:
    server = Server(BUSY, BUSY, PassingError("still busy"))
    with pytest.raises(PassingError, match="still busy"):
        server.patience().ask(server.request)
    assert len(server.asked) == 3


def test_what_would_not_pass_is_not_asked_for_again() -> None:
    server = Server(RequestError("no"))
    with pytest.raises(RequestError, match="no"):
        server.patience().ask(server.request)
    assert len(server.asked) == 1


def test_the_server_is_not_asked_sooner_than_it_wants_not_for_another_thing_either() -> None:
    server = Server(PassingError("busy", retry_after=90))
    patience = server.patience(retries=0)
    with pytest.raises(PassingError):
        patience.ask(server.request)
    assert patience.ask(server.request) == "well"
    assert server.gaps() == [90]


def test_requests_lie_apart_by_the_longer_interval() -> None:
    server = Server()
    patience = server.patience(min_interval=5)
    for interval in (0, 7, 3, 0):
        patience.ask(server.request, interval=interval)
    assert server.gaps() == [5, 7, 5]


def test_a_wait_that_is_too_long_is_not_begun() -> None:
    for limits, kind in (({"max_seconds": 300}, "no time left"), ({"longest_wait": 300}, "host wants a long wait")):
        server = Server(PassingError("busy", retry_after=301))
        patience, begun = server.patience(**limits), server.clock.now()
        with pytest.raises(PassingError):
            patience.ask(server.request)
        with pytest.raises(StoppedError) as stopped:
            patience.ask(server.request)
        assert (stopped.value.kind, server.clock.now()) == (kind, begun)


def test_after_three_failures_in_a_row_nothing_is_asked() -> None:
    server = Server(BUSY, BUSY, "well", BUSY, RequestError("no"), BUSY)
    patience = server.patience(retries=0)
    for _ in range(6):
        try:
            patience.ask(server.request)
        except RequestError:
            continue
    with pytest.raises(StoppedError, match=r"^3 requests in a row failed$"):
        patience.ask(server.request)
    assert len(server.asked) == 6


def test_errors_of_other_kinds_do_not_count_against_the_server() -> None:
    server = Server(*[ValueError("not for us")] * 4)
    patience = server.patience()
    for _ in range(4):
        with pytest.raises(ValueError, match="not for us"):
            patience.ask(server.request)
    assert patience.ask(server.request) == "well"


@pytest.mark.parametrize("limits", [{"max_requests": 8}, {"max_seconds": 80, "min_interval": 10}], ids=str)
def test_a_share_of_the_budget_leaves_the_rest(limits: dict[str, float]) -> None:
    server = Server()
    patience = server.patience(**limits)
    for share, count in ((0.75, 6), (1.0, 8)):
        with pytest.raises(StoppedError, match=r"^max_(requests \(8\)|seconds \(80\)) is spent$"):
            while True:
                patience.ask(server.request, share=share)
        assert len(server.asked) == count


def test_tries_again_are_part_of_the_budget() -> None:
    server = Server(*[BUSY] * 9)
    with pytest.raises(StoppedError, match="max_requests"):
        server.patience(retries=9, max_requests=3).ask(server.request)
    assert len(server.asked) == 3


def test_servers_may_share_one_time() -> None:
    server = Server()
    begun = server.clock.now()
    server.clock.sleep(50)
    late = Patience(Limits(retries=0, max_seconds=50), "another", server.clock, begun)
    with pytest.raises(StoppedError, match=r"max_seconds \(50\)"):
        late.ask(server.request)


def test_threads_take_turns() -> None:
    server, inside = Server(), threading.Lock()
    patience = server.patience(min_interval=5)

    def request() -> str:
        assert inside.acquire(blocking=False), "one request at a time"
        try:
            return server.request()
        finally:
            inside.release()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: patience.ask(request), range(20))) == ["well"] * 20
    assert server.gaps() == [5] * 19


def test_retry_after_as_seconds_date_or_nonsense() -> None:
    assert [parse_retry_after(value) for value in ("17", " 17 ")] == [17, 17]
    soon = parse_retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True))
    assert 90 < soon <= 100
    assert [parse_retry_after(value) for value in (None, "", "soon", "-5", "Wed, 21 Oct 2015 07:28:00 GMT")] == [0] * 5
    assert math.isfinite(parse_retry_after("9" * 10_000))


@pytest.mark.parametrize("date", ["21 Oct 99999999999999999999 07:28:00", "21 Oct 2015 07:28:00 +99999999999999999999"])
def test_a_retry_after_beyond_all_numbers_says_nothing(date: str) -> None:
    assert parse_retry_after(date) == 0


Send = Callable[..., tuple["httpx2.Response", bytes]]


@pytest.fixture
def get() -> Iterator[Send]:
    """Asks a server on this machine, whose answer of 100 bytes comes one a second; the clock is the server's, too."""
    clock = make_clock()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.close_connection = True
        for _ in range(50 if handler.path == "/cut" else 100):
            clock.sleep(1)
            handler.wfile.write(b"x")

    with serve(answer) as port, httpx2.Client(timeout=10) as client:

        def get(url: str = "", timeout: float = 1000, max_bytes: int = 100) -> tuple["httpx2.Response", bytes]:
            address = url if "//" in url else f"http://127.0.0.1:{port}/{url}"
            return send(client, "GET", address, timeout=timeout, max_bytes=max_bytes, clock=clock)

        yield get


def test_a_response_is_read_to_its_end(get: Send) -> None:
    response, body = get()
    assert (response.status_code, body) == (200, b"x" * 100)


def test_bodies_too_long_too_slow_and_cut_short_are_not_taken(get: Send) -> None:
    with pytest.raises(RequestError, match=r"^the answer is longer than 99 bytes$") as error:
        get(max_bytes=99)
    assert not isinstance(error.value, PassingError)
    with pytest.raises(PassingError, match=r"^no whole answer within 30 s$"):
        get(timeout=30)
    with pytest.raises(PassingError):
        get("cut")


@pytest.mark.parametrize("url", ["http://", "ftp://example.org/", "//example.org"])
def test_an_impossible_address_is_told(get: Send, url: str) -> None:
    with pytest.raises(RequestError, match=r"^bad address: "):
        get(url)


def test_where_nobody_is_there_somebody_may_come(get: Send) -> None:
    with pytest.raises(PassingError):
        get("http://127.0.0.1:9/")


def test_the_real_clock_goes_on() -> None:
    clock = Clock()
    begun = clock.now()
    clock.sleep(0)
    assert clock.now() >= begun
    assert clock.today() > datetime(2026, 1, 1, tzinfo=UTC).timestamp()
