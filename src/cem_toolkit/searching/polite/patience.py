"""When a server may be asked: one request at a time, not too often, later when told so, and not for ever."""

import math
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from cem_toolkit.searching.polite.clock import Clock
from cem_toolkit.searching.polite.failures import PassingError, RequestError, StoppedError

if TYPE_CHECKING:
    import tenacity

LONGEST_BACKOFF = 60.0
"""Seconds. What the server asks for may be longer."""
GIVE_UP_AFTER = 3
"""Requests in a row without an answer, all their tries included, after which the server is out of reach."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a client may spend, and how often it asks."""

    retries: int
    """Tries again for each request."""
    max_seconds: float = math.inf
    """For all requests, waits included."""
    max_requests: float = math.inf
    """Tries again included."""
    min_interval: float = 0.0
    """Seconds between requests."""
    longest_wait: float = math.inf
    """Seconds. A server that asks for a longer wait is not asked again meanwhile."""


class Patience:
    """When one server may be asked. Threads may share it: they wait for each other."""

    def __init__(self, limits: Limits, seed: int | str, clock: Clock, started: float | None = None) -> None:
        """`seed` spreads tries again; `started` is when `max_seconds` began, if not now: servers may share them."""
        self._limits = limits
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311 (guards nothing)
        self._lock = threading.Lock()
        self._started = clock.now() if started is None else started
        self._next = self._started
        """No request before this time: neither sooner than the interval allows, nor than the server asked for."""
        self._asked = 0
        self._failed_in_a_row = 0

    def ask(self, request: Callable[[], Answer], *, share: float = 1.0, interval: float = 0.0) -> Answer:
        """What `request` gives in its turn: called again, later each time, while it raises PassingError.

        `share` is the part of the budget that may be spent once this is answered; `interval` is what should lie before
        the next request if that is more than `min_interval`. Raises StoppedError where the limits do not allow it, and
        else what `request` raises. A RequestError counts against the server; any other says nothing about it.
        """
        import tenacity

        with self._lock:
            if self._failed_in_a_row >= GIVE_UP_AFTER:
                raise StoppedError("host given up", f"{GIVE_UP_AFTER} requests in a row failed")
            retrying = tenacity.Retrying(
                retry=tenacity.retry_if_exception_type(PassingError),
                wait=self._backoff,
                stop=lambda state: state.attempt_number > self._limits.retries or not self._time_for(state, share),
                sleep=self._clock.sleep,
                reraise=True,
            )
            try:
                answer: Answer = retrying(self._once, request, share, max(interval, self._limits.min_interval))
            except StoppedError:
                raise
            except RequestError:
                self._failed_in_a_row += 1
                raise
            self._failed_in_a_row = 0
            return answer

    def _once(self, request: Callable[[], Answer], share: float, interval: float) -> Answer:
        limits, now = self._limits, self._clock.now()
        start = max(self._next, now)
        if self._asked >= limits.max_requests * share:
            raise StoppedError("no requests left", f"max_requests ({limits.max_requests}) is spent")
        if start - self._started >= limits.max_seconds * share:
            raise StoppedError("no time left", f"max_seconds ({limits.max_seconds:g}) is spent")
        if start - now > limits.longest_wait:
            raise StoppedError("host wants a long wait", f"{start - now:.0f} s")
        if start > now:
            self._clock.sleep(start - now)
        self._next = self._clock.now() + interval
        self._asked += 1
        try:
            return request()
        except PassingError as error:
            self._next = max(self._next, self._clock.now() + error.retry_after)
            raise

    def _backoff(self, state: "tenacity.RetryCallState") -> float:
        """Seconds to wait: twice as long after every try, less up to a half by chance to keep clients out of step."""
        return min(LONGEST_BACKOFF, 2.0 ** (state.attempt_number - 1)) * self._random.uniform(0.5, 1.0)

    def _time_for(self, state: "tenacity.RetryCallState", share: float) -> bool:
        now = self._clock.now()
        again = max(self._next, now + state.upcoming_sleep)
        limits = self._limits
        return again - self._started < limits.max_seconds * share and again - now <= limits.longest_wait
