"""When a host may be asked: one request at a time, not too often, less often when told so, and not for ever."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import tenacity

from cem_search.fetching.clock import Clock
from cem_search.fetching.failures import FetchError, PassingError, StoppedError

LONGEST_BACKOFF = 60.0
"""Seconds."""
LONGEST_WAIT = 120.0
"""Seconds. A host that asks for a longer wait is not asked sooner, so it is not asked again in this round."""
GIVE_UP_AFTER = 3
"""Requests in a row without an answer, all their tries included, after which a host is out of reach."""

Answer = TypeVar("Answer")


@dataclass(slots=True)
class _Host:
    random: random.Random
    lock: threading.Lock = field(default_factory=threading.Lock)
    next: float = 0.0
    """No request before this time: neither sooner than its interval allows, nor than it asked for."""
    failed_in_a_row: int = 0


class Manners:
    """Waits before requests, asks again after failures that may pass, and ends when `max_seconds` are over."""

    def __init__(self, *, min_interval: float, retries: int, max_seconds: float, seed: int, clock: Clock) -> None:
        self._min_interval = min_interval
        self._retries = retries
        self._max_seconds = max_seconds
        self._seed = seed
        self._clock = clock
        self._end = clock.now() + max_seconds
        self._hosts: dict[str, _Host] = {}
        self._adding = threading.Lock()
        self._stopped = threading.Event()

    def ask(self, name: str, request: Callable[[], Answer], interval: float = 0.0) -> Answer:
        """What `request` gives, asked of the host `name` in its turn: `interval` seconds after the last time, or
        `min_interval` if that is more. Raises StoppedError where it is not asked at all, else as `request` does."""
        host = self._host(name)
        with host.lock:
            if host.failed_in_a_row >= GIVE_UP_AFTER:
                raise StoppedError("host given up", f"{name} failed {GIVE_UP_AFTER} times in a row")
            retrying = tenacity.Retrying(
                retry=tenacity.retry_if_exception_type(PassingError),
                wait=lambda state: self._backoff(host, state),
                stop=lambda state: state.attempt_number > self._retries or not self._time_for(host, state),
                sleep=self._wait,
                reraise=True,
            )
            try:
                answer: Answer = retrying(self._once, host, request, max(interval, self._min_interval))
            except PassingError:
                host.failed_in_a_row += 1
                raise
            except FetchError:
                raise
            host.failed_in_a_row = 0
            return answer

    def stop(self) -> None:
        """Nothing is asked any more, and who waits for his turn stops waiting."""
        self._stopped.set()

    def _host(self, name: str) -> _Host:
        with self._adding:
            if name not in self._hosts:  # the seed spreads requests; it guards nothing
                self._hosts[name] = _Host(random.Random(f"{self._seed} {name}"))  # noqa: S311
            return self._hosts[name]

    def _once(self, host: _Host, request: Callable[[], Answer], interval: float) -> Answer:
        start = max(host.next, self._clock.now())
        if start >= self._end:
            raise StoppedError("no time left", f"max_seconds ({self._max_seconds:g}) is spent")
        if start - self._clock.now() > LONGEST_WAIT:
            raise StoppedError("host wants a long wait", f"{start - self._clock.now():.0f} s")
        self._wait(start - self._clock.now())
        if self._stopped.is_set():
            raise StoppedError("stopped")
        host.next = self._clock.now() + interval
        try:
            return request()
        except PassingError as error:
            host.next = max(host.next, self._clock.now() + error.retry_after)
            raise

    def _wait(self, seconds: float) -> None:
        """In steps of a second, so that `stop` is heard."""
        while seconds > 0 and not self._stopped.is_set():
            self._clock.sleep(min(seconds, 1.0))
            seconds -= 1.0

    @staticmethod
    def _backoff(host: _Host, state: tenacity.RetryCallState) -> float:
        """Seconds to wait: twice as long after every try, less up to a half by chance to keep clients out of step."""
        return min(LONGEST_BACKOFF, 2.0 ** (state.attempt_number - 1)) * host.random.uniform(0.5, 1.0)

    def _time_for(self, host: _Host, state: tenacity.RetryCallState) -> bool:
        again = max(host.next, self._clock.now() + state.upcoming_sleep)
        return again < self._end and again - self._clock.now() <= LONGEST_WAIT
