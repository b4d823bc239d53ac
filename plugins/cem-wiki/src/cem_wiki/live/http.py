"""One HTTP request to a wiki's api.php, and what its answer means."""

import json
from collections.abc import Mapping
from typing import Any

import httpx2

from cem_wiki.live.clock import Clock
from cem_wiki.live.failures import PassingError, WikiError, parse_retry_after

MAX_BYTES = 32 * 2**20
PASSING_STATUS = {408, 425, 429, 500, 502, 503, 504}
PASSING_ERRORS = ("maxlag", "ratelimited", "readonly", "internal_api_error", "cirrussearch-")
"""Beginnings of MediaWiki's error codes that tell of load or of a fault on its side."""


class Http:
    """GET requests to `url`. Redirects are never followed, so that no answer comes from another host."""

    def __init__(self, url: str, user_agent: str, timeout: float, clock: Clock) -> None:
        self._url = url
        self._timeout = timeout
        self._clock = clock
        headers = {"User-Agent": user_agent, "Accept": "application/json", "Accept-Encoding": "gzip"}
        self._client = httpx2.Client(headers=headers, timeout=timeout, follow_redirects=False)

    def close(self) -> None:
        self._client.close()

    def get(self, params: Mapping[str, str]) -> dict[str, Any]:
        """The JSON object that the wiki answers. Raises PassingError for what is worth another try, else WikiError."""
        deadline = self._clock.now() + self._timeout
        try:
            with self._client.stream("GET", self._url, params=dict(params)) as response:
                return self._understand(response, self._read(response, deadline))
        except httpx2.TimeoutException:
            raise PassingError(f"no answer within {self._timeout:g} s") from None
        except httpx2.UnsupportedProtocol as error:
            raise WikiError(str(error)) from None
        except httpx2.RequestError as error:
            raise PassingError(str(error) or type(error).__name__) from None
        except httpx2.InvalidURL as error:
            raise WikiError(f"bad address: {error}") from None

    def _read(self, response: httpx2.Response, deadline: float) -> bytes:
        """The whole body. The client's own timeout is for each read; the deadline is for all, against a slow drip."""
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MAX_BYTES:
                raise WikiError(f"the answer is longer than {MAX_BYTES} bytes")
            if self._clock.now() > deadline:
                raise PassingError(f"no whole answer within {self._timeout:g} s")
        return bytes(body)

    @staticmethod
    def _understand(response: httpx2.Response, body: bytes) -> dict[str, Any]:
        status, retry_after = response.status_code, parse_retry_after(response.headers.get("Retry-After"))
        if response.has_redirect_location:
            raise WikiError(f"HTTP {status}: moved to {response.headers['Location']!r} (set api_url to follow)")
        if status in PASSING_STATUS:
            raise PassingError(f"HTTP {status}", retry_after)
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        if isinstance(answer, dict) and "error" in answer:
            error = answer["error"] if isinstance(answer["error"], dict) else {}
            code = str(error.get("code", "unknown"))
            reason = " ".join(f"API error {code}: {error.get('info', '')}"[:200].split())
            raise PassingError(reason, retry_after) if code.startswith(PASSING_ERRORS) else WikiError(reason)
        if status != 200:
            raise WikiError(f"HTTP {status}")
        if not isinstance(answer, dict):
            raise PassingError(f"the answer is not a JSON object: it begins with {body[:40]!r}")
        return answer
