"""Time as a client sees it, so that tests can wait for hours in no time."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """What a client reads the time from, and waits by."""

    now: Callable[[], float] = time.monotonic
    """Seconds from any start, never backwards."""
    sleep: Callable[[float], None] = time.sleep
    """Waits for seconds."""
    today: Callable[[], float] = time.time
    """Seconds since 1970."""
