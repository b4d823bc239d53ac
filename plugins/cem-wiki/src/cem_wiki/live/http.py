"""One HTTP request to a wiki's api.php, and what its answer means."""

from collections.abc import Mapping
from typing import Any

import httpx2

from cem_toolkit.api import parse_json
from cem_toolkit.searching import clean
from cem_toolkit.searching.polite import (
    PASSING_STATUS,
    Clock,
    PassingError,
    RequestError,
    parse_retry_after,
    send,
)

MAX_BYTES = 32 * 2**20
PASSING_ERRORS = ("maxlag", "ratelimited", "readonly", "internal_api_error", "cirrussearch-")
"""Beginnings of MediaWiki's error codes that tell of load or of a fault on its side."""


class Http:
    """GET requests to `url`. Redirects are never followed, so that no answer comes from another host."""

    def __init__(self, url: str, user_agent: str, timeout: float, clock: Clock) -> None:
        self._url = url
        self._timeout = timeout
        self._clock = clock
        headers = {"User-Agent": user_agent, "Accept": "application/json"}
        self._client = httpx2.Client(headers=headers, timeout=timeout, follow_redirects=False)

    def close(self) -> None:
        self._client.close()

    def get(self, params: Mapping[str, str]) -> dict[str, Any]:
        """The JSON object that the wiki answers. Raises PassingError for what may pass, else RequestError."""
        response, body = send(
            self._client,
            "GET",
            self._url,
            params=dict(params),
            timeout=self._timeout,
            max_bytes=MAX_BYTES,
            clock=self._clock,
        )
        return self._understand(response, body)

    @staticmethod
    def _understand(response: httpx2.Response, body: bytes) -> dict[str, Any]:
        status, retry_after = response.status_code, parse_retry_after(response.headers.get("Retry-After"))
        if response.has_redirect_location:
            raise RequestError(
                f"HTTP {status}: moved to {response.headers['Location'][:200]!r} (set api_url to follow)"
            )
        if status in PASSING_STATUS:
            raise PassingError(f"HTTP {status}", retry_after)
        try:
            answer = parse_json(body)
        except ValueError:
            answer = None
        if isinstance(answer, dict) and "error" in answer:
            error = answer["error"] if isinstance(answer["error"], dict) else {}
            code = str(error.get("code", "unknown"))
            reason = " ".join(clean(f"API error {code}: {error.get('info', '')}", 200).split())
            raise PassingError(reason, retry_after) if code.startswith(PASSING_ERRORS) else RequestError(reason)
        if status != 200:
            raise RequestError(f"HTTP {status}")
        if not isinstance(answer, dict):
            raise PassingError(f"the answer is not a JSON object: it begins with {body[:40]!r}")
        return answer
