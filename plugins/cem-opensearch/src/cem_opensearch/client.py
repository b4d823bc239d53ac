"""A client that has patience with an engine, and a budget."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import tenacity

from cem_opensearch.clock import Clock
from cem_opensearch.failures import EngineError, PassingError, StoppedError
from cem_opensearch.http import Http

LONGEST_BACKOFF = 60.0
"""Seconds. What the server asks for may be longer."""
GIVE_UP_AFTER = 3
"""Requests in a row without an answer, after which the engine is taken to be out of reach."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the client may spend: tries again for each request, seconds and requests for all of them."""

    retries: int
    max_seconds: float = math.inf
    max_requests: float = math.inf


class Client:
    """Asks one thing at a time; what fails in passing is asked for again, later each time."""

    def __init__(self, http: Http, limits: Limits, seed: int, clock: Clock) -> None:
        self._http = http
        self._limits = limits
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311 (spreads requests; guards nothing)
        self._started = clock.now()
        self._not_before = self._started
        """The server asked not to be asked sooner."""
        self._asked = 0
        self._failed_in_a_row = 0

    def ask(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """The engine's answer (see `Http.ask`). Raises StoppedError where the budget is spent, and another EngineError
        where all tries failed."""
        return self.insist(lambda: self.ask_once(method, path, **request))

    def insist(self, attempt: Callable[[], Answer]) -> Answer:
        """Calls `attempt`, which calls `ask_once`, until it raises no PassingError or the limits are reached."""
        if self._failed_in_a_row >= GIVE_UP_AFTER:
            raise StoppedError(f"{GIVE_UP_AFTER} requests in a row failed")
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(PassingError),
            wait=self._backoff,
            stop=lambda state: state.attempt_number > self._limits.retries or not self._time_for(state),
            sleep=self._clock.sleep,
            reraise=True,
        )
        try:
            answer = retrying(attempt)
        except StoppedError:
            raise
        except EngineError:
            self._failed_in_a_row += 1
            raise
        self._failed_in_a_row = 0
        return answer

    def ask_once(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """One try, for `insist`."""
        if self._asked >= self._limits.max_requests:
            raise StoppedError(f"max_requests ({self._limits.max_requests}) is spent")
        start = max(self._not_before, self._clock.now())
        if start - self._started >= self._limits.max_seconds:
            raise StoppedError(f"max_seconds ({self._limits.max_seconds:g}) is spent")
        if start > self._clock.now():
            self._clock.sleep(start - self._clock.now())
        self._asked += 1
        try:
            return self._http.ask(method, path, **request)
        except PassingError as error:
            self._not_before = max(self._not_before, self._clock.now() + error.retry_after)
            raise

    def close(self) -> None:
        self._http.close()

    def _backoff(self, state: tenacity.RetryCallState) -> float:
        """Seconds to wait: twice as long after every try, less up to a half by chance to keep clients out of step."""
        return min(LONGEST_BACKOFF, 2.0 ** (state.attempt_number - 1)) * self._random.uniform(0.5, 1.0)

    def _time_for(self, state: tenacity.RetryCallState) -> bool:
        again = max(self._not_before, self._clock.now() + state.upcoming_sleep)
        return again - self._started < self._limits.max_seconds
