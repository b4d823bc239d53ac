from typing import Any

import pytest

from cem_search.fetching.failures import PassingError, StoppedError
from cem_search.fetching.manners import Manners


def test_who_waits_when_all_is_stopped_asks_no_more(clock: Any) -> None:
    manners = Manners(min_interval=60, retries=5, max_seconds=1000, seed=0, clock=clock)
    begun = clock.now()

    def fail() -> None:
        manners.stop()
        raise PassingError("HTTP 503", "", 60)

    with pytest.raises(StoppedError, match=r"^stopped$"):
        manners.ask("a.test", fail)
    assert clock.now() == begun


def test_why_a_host_is_not_asked_is_counted_by_kind(clock: Any) -> None:
    manners = Manners(min_interval=1, retries=0, max_seconds=1000, seed=0, clock=clock)

    def fail() -> None:
        raise PassingError("HTTP 503")

    for _ in range(3):
        with pytest.raises(PassingError):
            manners.ask("a.test", fail)
    with pytest.raises(StoppedError, match=r"^host given up: 3 requests in a row failed$") as error:
        manners.ask("a.test", fail)
    assert error.value.kind == "host given up"
    assert manners.ask("b.test", lambda: "well") == "well"
