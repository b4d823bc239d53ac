"""A clock to test waiting by."""

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cem_toolkit.searching.polite import Clock


def make_clock() -> "Clock":
    """A clock on which hours pass in no time, for whoever sleeps by it; its day is 2 January 2026, at noon."""
    from cem_toolkit.searching.polite import Clock

    lock = threading.Lock()
    passed = 0.0

    def sleep(seconds: float) -> None:
        nonlocal passed
        with lock:
            passed += seconds

    return Clock(now=lambda: 1000.0 + passed, sleep=sleep, today=lambda: 1767355200.0 + passed)
