"""A source ends with what it has, and says what it has not."""

from collections.abc import Callable

import pytest

from cem_toolkit.api import CemError
from cem_toolkit.searching.polite import Misses, RequestError, StoppedError


def fail(error: Exception) -> Callable[[], str]:
    def request() -> str:
        raise error

    return request


def test_it_goes_on_after_failures_and_tells_them() -> None:
    log: list[str] = []
    misses = Misses("atlas", "atlas: nothing", log.append)
    assert misses.ask(lambda: "Oslo", "searches", 1) == "Oslo"
    assert misses.ask(fail(RequestError("HTTP 404")), "pages", 2) is None
    assert misses.ask(fail(StoppedError("no time left", "max_seconds (9) is spent")), "pages", 3) is None
    assert misses.ask(fail(StoppedError("no time left", "max_seconds (9) is spent")), "pages", 4) is None
    misses.conclude(found=True)
    assert log == [
        "atlas: 2 pages failed: HTTP 404",
        "atlas: stopped as max_seconds (9) is spent; not asked for: 7 pages",
    ]


def test_nothing_at_all_is_an_error_if_there_was_a_failure() -> None:
    misses = Misses("atlas", "atlas: nothing could be had", lambda line: None)
    misses.conclude(found=False)
    misses.add("HTTP 503", "searches", 1)
    with pytest.raises(CemError, match=r"^atlas: nothing could be had: HTTP 503$"):
        misses.conclude(found=False)


def test_what_is_no_failed_request_is_raised() -> None:
    with pytest.raises(KeyError):
        Misses("atlas", "atlas: nothing", print).ask(fail(KeyError("a fault of the source's own")), "pages", 1)
