"""A client that asks a wiki politely: one request at a time, not too often, and less often when told so."""

import random
from collections.abc import Mapping
from typing import Any

import tenacity

from cem_wiki.live.clock import Clock
from cem_wiki.live.failures import PassingError, StoppedError, WikiError
from cem_wiki.live.http import Http
from cem_wiki.live.responses import Responses
from cem_wiki.options import WikiOptions

LONGEST_BACKOFF = 60.0
"""Seconds. What the server asks for may be longer."""
GIVE_UP_AFTER = 3
"""Requests in a row without an answer, after which the wiki is taken to be out of reach."""


class Client:
    """Answers from the disk where they are known, else from the wiki, within the budget of the options."""

    def __init__(self, options: WikiOptions, http: Http, responses: Responses, seed: int, clock: Clock) -> None:
        self._options = options
        self._http = http
        self._responses = responses
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311 (spreads requests; guards nothing)
        self._started = clock.now()
        self._next = self._started
        """No request before this time: neither sooner than `min_interval` allows, nor than the server asked for."""
        self._asked = 0
        self._failed_in_a_row = 0

    def get(self, url: str, params: Mapping[str, str], share: float = 1.0) -> dict[str, Any]:
        """The wiki's answer to `params`; `share` is the part of the budget that may be spent once this is answered.

        Raises StoppedError where the budget does not allow the request, and WikiError where all tries failed.
        """
        request = {"url": url, **params}
        kept = self._responses.load(request)
        if kept is not None:
            return kept
        if self._failed_in_a_row >= GIVE_UP_AFTER:
            raise StoppedError(f"{GIVE_UP_AFTER} requests in a row failed")
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(PassingError),
            wait=self._backoff,
            stop=lambda state: state.attempt_number > self._options.retries or not self._time_for(state, share),
            sleep=self._clock.sleep,
            reraise=True,
        )
        try:
            answer: dict[str, Any] = retrying(self._ask, params, share)
        except StoppedError:
            raise
        except WikiError:
            self._failed_in_a_row += 1
            raise
        self._failed_in_a_row = 0
        self._responses.store(request, answer)
        return answer

    def _ask(self, params: Mapping[str, str], share: float) -> dict[str, Any]:
        start = max(self._next, self._clock.now())
        if self._asked >= self._options.max_requests * share:
            raise StoppedError(f"max_requests ({self._options.max_requests}) is spent")
        if start - self._started >= self._options.max_seconds * share:
            raise StoppedError(f"max_seconds ({self._options.max_seconds:g}) is spent")
        if start > self._clock.now():
            self._clock.sleep(start - self._clock.now())
        self._next = start + self._options.min_interval
        self._asked += 1
        try:
            return self._http.get(params)
        except PassingError as error:
            self._next = max(self._next, self._clock.now() + error.retry_after)
            raise

    def _backoff(self, state: tenacity.RetryCallState) -> float:
        """Seconds to wait: twice as long after every try, less up to a half by chance to keep clients out of step."""
        return min(LONGEST_BACKOFF, 2.0 ** (state.attempt_number - 1)) * self._random.uniform(0.5, 1.0)

    def _time_for(self, state: tenacity.RetryCallState, share: float) -> bool:
        again = max(self._next, self._clock.now() + state.upcoming_sleep)
        return again - self._started < self._options.max_seconds * share
