"""When hosts may be asked: each with patience of its own, all within one time."""

import dataclasses
import threading
from collections.abc import Callable
from typing import TypeVar

from cem_search.fetching.failures import StoppedError
from cem_toolkit.searching import polite

LONGEST_WAIT = 120.0
"""Seconds. A host that asks for a longer wait is not asked sooner, so it is not asked again in this round."""

Answer = TypeVar("Answer")


class Manners:
    """Waits before requests, asks again after failures that may pass, and ends when `max_seconds` are over."""

    def __init__(
        self, *, min_interval: float, retries: int, max_seconds: float, seed: int, clock: polite.Clock
    ) -> None:
        self._limits = polite.Limits(
            retries=retries, max_seconds=max_seconds, min_interval=min_interval, longest_wait=LONGEST_WAIT
        )
        self._seed = seed
        self._sleep = clock.sleep
        self._clock = dataclasses.replace(clock, sleep=self._wait)
        self._started = clock.now()
        self._hosts: dict[str, polite.Patience] = {}
        self._adding = threading.Lock()
        self._stopped = threading.Event()

    def ask(self, name: str, request: Callable[[], Answer], interval: float = 0.0) -> Answer:
        """What `request` gives, asked of the host `name` in its turn: `interval` seconds after the last time, or
        `min_interval` if that is more. Raises StoppedError where it is not asked at all, else as `request` does."""

        def ask_unless_stopped() -> Answer:
            if self._stopped.is_set():
                raise StoppedError("stopped")
            return request()

        try:
            return self._host(name).ask(ask_unless_stopped, interval=interval)
        except polite.StoppedError as error:
            raise StoppedError(error.kind, str(error)) from None

    def stop(self) -> None:
        """Nothing is asked any more, and who waits for his turn stops waiting."""
        self._stopped.set()

    def _host(self, name: str) -> polite.Patience:
        with self._adding:
            if name not in self._hosts:
                seed = f"{self._seed} {name}"
                self._hosts[name] = polite.Patience(self._limits, seed, self._clock, self._started)
            return self._hosts[name]

    def _wait(self, seconds: float) -> None:
        """In steps of a second, so that `stop` is heard."""
        while seconds > 0 and not self._stopped.is_set():
            self._sleep(min(seconds, 1.0))
            seconds -= 1.0
