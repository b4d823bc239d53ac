"""Pages fetched from a real server that does what it should not."""

import socket
import time
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from typing import Any

import pytest

from cem_search.fetching.failures import FetchError, PassingError, RefusedError, StoppedError

GIGABYTES = 5 * 2**30


def test_a_page_and_who_asks_for_it(fetch: Any, web: Any) -> None:
    web.pages["a.test/chad"] = web.reply("about Chad")
    fetch.limits = {"contact": "someone@example.org"}
    assert fetch("a.test/chad") == b"about Chad"
    ((_, _, _, headers),) = web.asked
    assert headers["Host"] == f"a.test:{web.port}"
    assert headers["User-Agent"].startswith("cem-search/")
    assert "(someone@example.org)" in headers["User-Agent"]
    assert "Cookie" not in headers
    assert web.asked_robots == ["a.test"]


def test_hosts_on_this_machine_are_not_asked_unless_they_are_admitted(fetch: Any, web: Any) -> None:
    fetch.rules = {"ports": (web.port,)}
    for host in ("stranger.test", "localhost", "127.0.0.1", "0.0.0.0", "2130706433"):  # noqa: S104
        with pytest.raises(FetchError, match=r"127\.0\.0\.1, which is not public"):
            fetch(f"{host}/page")
    assert (web.asked, web.asked_robots) == ([], [])


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:{port}/secret", "http://[::ffff:127.0.0.1]:{port}/s",
        "file:///etc/passwd", "http://stranger.test:{port}/", "http://127.0.0.1/", "http://[::1]/", "http://a.test:1/",
        "http://me:secret@b.test:{port}/", "gopher://b.test:{port}/", "http://[", "//169.254.169.254/",
    ],
)  # fmt: skip
def test_redirects_lead_nowhere_that_may_not_be_asked(fetch: Any, web: Any, target: str) -> None:
    fetch.rules = {"ports": (80, 443, web.port)}
    web.names["169.254.169.254"] = [["169.254.169.254"]]
    web.names["::ffff:127.0.0.1"], web.names["::1"] = [["::ffff:127.0.0.1"]], [["::1"]]
    web.pages["a.test/x"] = web.reply("", 302, Location=target.format(port=web.port))
    with pytest.raises(FetchError, match=r"not public|not allowed"):
        fetch("a.test/x")
    assert web.paths() == ["a.test/x"]


def test_redirects_are_followed_and_each_host_is_asked_for_its_rules(fetch: Any, web: Any) -> None:
    web.pages["a.test/old"] = web.reply("", 301, Location=web.url("b.test/new"))
    web.pages["b.test/new"] = web.reply("", 307, Location="newer")
    web.pages["b.test/newer"] = web.reply("here")
    fetcher = fetch.make()
    assert fetcher.fetch(web.url("a.test/old")).url == web.url("b.test/newer")
    assert web.asked_robots == ["a.test", "b.test"]


def test_redirects_come_to_an_end(fetch: Any, web: Any) -> None:
    web.pages["a.test/x"] = web.reply("", 302, Location="/x")
    with pytest.raises(RefusedError, match="too many redirects"):
        fetch("a.test/x")
    assert len(web.asked) == 6


def test_a_redirect_to_a_denied_domain(fetch: Any, web: Any) -> None:
    fetch.rules = {"deny": ["b.test"]}
    web.pages["a.test/x"] = web.reply("", 302, Location=web.url("b.test/x"))
    with pytest.raises(RefusedError, match=r"b\.test is denied"):
        fetch("a.test/x")


def test_a_name_that_moves_here_after_it_was_checked(fetch: Any, web: Any) -> None:
    """DNS rebinding: the first answer is public, the next one is this machine."""
    fetch.rules = {"ports": (web.port,)}
    web.names["rebinding.test"] = [["203.0.113.7"], ["127.0.0.1"]]
    with pytest.raises(FetchError, match=r"203\.0\.113\.7, which is not public"):
        fetch("rebinding.test/x")
    connected: list[str] = []
    real = socket.create_connection

    def connect(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        connected.append(address[0])
        if address[0] != "127.0.0.1":
            raise ConnectionRefusedError("nobody there")
        return real(address, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "create_connection", connect)
        for answers in ([["93.184.216.34"], ["127.0.0.1"]], [["93.184.216.34", "93.184.216.35"], ["127.0.0.1"]]):
            web.names["rebinding.test"] = answers
            with pytest.raises(FetchError, match=r"nobody there|not public"):
                fetch("rebinding.test/x")
    assert connected, "public addresses are tried"
    assert "127.0.0.1" not in connected
    assert (web.asked, web.asked_robots) == ([], [])


@pytest.mark.parametrize("coding", ["gzip", "x-gzip"])
def test_packed_pages(fetch: Any, web: Any, packed: Callable[[bytes], bytes], coding: str) -> None:
    web.pages["a.test/x"] = web.reply(packed(b"Chad " * 1000), Content_Encoding=coding)
    assert fetch("a.test/x") == b"Chad " * 1000


def test_bombs_stop_early(fetch: Any, web: Any) -> None:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(squeeze.compress(bytes(2**20)) for _ in range(64)) + squeeze.flush()
    assert len(bomb) < 100_000
    web.pages["a.test/x"] = web.reply(bomb, Content_Encoding="gzip")
    with pytest.raises(RefusedError, match="too long: more than 100000 bytes"):
        fetch("a.test/x")


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip"])
def test_no_other_packing_is_unpacked(fetch: Any, web: Any, coding: str) -> None:
    web.pages["a.test/x"] = web.reply(b"x", Content_Encoding=coding)
    with pytest.raises(RefusedError, match="which was not asked for"):
        fetch("a.test/x")


def test_broken_packing(fetch: Any, web: Any, packed: Callable[[bytes], bytes]) -> None:
    web.pages["a.test/x"] = web.reply(b"no gzip", Content_Encoding="gzip")
    with pytest.raises(RefusedError, match="broken gzip"):
        fetch("a.test/x")
    web.pages["a.test/x"] = web.reply(packed(b"Chad " * 1000)[:-9], Content_Encoding="gzip")
    with pytest.raises(PassingError, match="ends early"):
        fetch("a.test/x")


def test_an_endless_body_is_read_to_the_limit_only(fetch: Any, web: Any) -> None:
    sent = 0

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        handler.close_connection = True
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        while sent < GIGABYTES:
            handler.wfile.write(b"a" * 10_000)
            sent += 10_000

    web.pages["a.test/x"] = endless
    with pytest.raises(RefusedError, match="too long"):
        fetch("a.test/x")
    assert sent < 50 * 2**20


def test_a_length_that_is_stated_is_believed(fetch: Any, web: Any) -> None:
    web.pages["a.test/x"] = web.reply(b"x", Content_Length=str(GIGABYTES), Connection="close")
    with pytest.raises(RefusedError, match="too long: 5368709120 bytes"):
        fetch("a.test/x")


def test_a_slow_drip_ends(fetch: Any, web: Any) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        handler.close_connection = True
        for _ in range(1000):
            web.clock.sleep(20)
            handler.wfile.write(b"a")

    web.pages["a.test/x"] = drip
    fetch.manners = {"retries": 0}
    with pytest.raises(PassingError, match="none whole within 30 s"):
        fetch("a.test/x")


def test_headers_that_drip_end_too(fetch: Any, web: Any) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        handler.close_connection = True
        for number in range(1000):
            web.clock.sleep(20)
            handler.wfile.write(f"X-{number}: y\r\n".encode())
            time.sleep(0.001)

    web.pages["a.test/x"] = drip
    fetch.manners = {"retries": 0}
    with pytest.raises(PassingError, match="none whole within 30 s"):
        fetch("a.test/x")


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("application/pdf", "a PDF"),
        ("image/png", "not a page"),
        ("application/json", "not a page"),
        ("x" * 999, "not a page"),
    ],
)
def test_other_kinds_of_content_are_not_read(fetch: Any, web: Any, type_: str, kind: str) -> None:
    web.pages["a.test/x"] = web.reply(b"x", type=type_)
    with pytest.raises(RefusedError, match=kind):
        fetch("a.test/x")


@pytest.mark.parametrize(
    "headers", [{"X_Robots_Tag": "noindex, noai"}, {"X_Robots_Tag": "otherbot: noai"}, {"TDM_Reservation": "1"}]
)
def test_sites_may_reserve_their_pages(fetch: Any, web: Any, headers: dict[str, str]) -> None:
    web.pages["a.test/x"] = web.reply("x", **headers)
    with pytest.raises(RefusedError, match="reserved by the site"):
        fetch("a.test/x")


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 410, 451, 501])
def test_what_is_not_there_is_not_asked_for_again(fetch: Any, web: Any, status: int) -> None:
    web.pages["a.test/x"] = web.reply("", status)
    with pytest.raises(RefusedError, match=f"HTTP {status}"):
        fetch("a.test/x")
    assert len(web.asked) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_retry_after_is_obeyed(fetch: Any, web: Any, status: int) -> None:
    web.pages["a.test/x"] = [web.reply("busy", status, Retry_After="90"), web.reply("here")]
    assert fetch("a.test/x") == b"here"
    first, second = (time for time, *_ in web.asked)
    assert second - first >= 90


def test_who_asks_for_ten_minutes_is_not_asked_again(fetch: Any, web: Any) -> None:
    web.pages["a.test/x"] = web.reply("busy", 429, Retry_After="600")
    fetcher = fetch.make()
    with pytest.raises(PassingError, match="HTTP 429"):
        fetcher.fetch(web.url("a.test/x"))
    with pytest.raises(StoppedError, match="host wants a long wait"):
        fetcher.fetch(web.url("a.test/y"))
    assert len(web.asked) == 1


def test_broken_connections_are_tried_again_with_growing_waits(fetch: Any, web: Any) -> None:
    def reset(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.connection.close()

    web.pages["a.test/x"] = [reset, reset, reset, web.reply("here")]
    fetch.manners = {"retries": 3, "min_interval": 0}
    assert fetch("a.test/x") == b"here"
    times = [time for time, *_ in web.asked]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert all(2**n / 2 <= wait <= 2**n for n, wait in enumerate(waits))


def test_a_host_is_asked_no_more_often_than_it_should_be_and_others_meanwhile(fetch: Any, web: Any) -> None:
    for place in ("a.test/1", "a.test/2", "b.test/1"):
        web.pages[place] = web.reply("x")
    fetcher = fetch.make()
    fetch.manners = {"min_interval": 5.0}
    fetcher = fetch.make()
    for place in ("a.test/1", "b.test/1", "a.test/2"):
        fetcher.fetch(web.url(place))
    times = {host + path: time for time, host, path, _ in web.asked}
    assert times["a.test/2"] - times["a.test/1"] >= 5


def test_a_host_that_never_answers_is_given_up(fetch: Any, web: Any) -> None:
    fetch.manners = {"retries": 0}
    fetcher = fetch.make()
    for number in range(6):
        web.pages[f"a.test/{number}"] = web.reply("", 503)
        with pytest.raises(FetchError):
            fetcher.fetch(web.url(f"a.test/{number}"))
    assert len(web.asked) == 3


def test_time_is_limited(fetch: Any, web: Any) -> None:
    fetch.manners = {"max_seconds": 50.0, "min_interval": 10.0}
    fetcher = fetch.make()
    stopped = 0
    for number in range(20):
        web.pages[f"a.test/{number}"] = web.reply("x")
        try:
            fetcher.fetch(web.url(f"a.test/{number}"))
        except StoppedError:
            stopped += 1
    assert len(web.asked) == 4, "and one more request for robots.txt"
    assert stopped == 16
