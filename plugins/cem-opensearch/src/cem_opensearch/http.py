"""One HTTP request to an engine, and what its answer means."""

import json
from collections import deque
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import httpx2

from cem_opensearch.clock import Clock
from cem_opensearch.failures import EngineError, PassingError, RefusedError, parse_retry_after, read_reason
from cem_opensearch.options import OpenSearchOptions
from cem_opensearch.signing_in import authorization, trust

MAX_BYTES = 128 * 2**20
PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class Http:
    """JSON requests to one of several hosts, the next one after each failure.

    Redirects are never followed, so that secrets go to these hosts alone. Raises CemError where a secret or a
    certificate is missing.
    """

    def __init__(self, options: OpenSearchOptions, config_folder: Path, clock: Clock) -> None:
        self._hosts = deque(options.url)
        self._timeout = options.timeout
        self._clock = clock
        headers = {"User-Agent": _user_agent(), "Accept": "application/json"}
        if signed := authorization(options):
            headers["Authorization"] = signed
        self._client = httpx2.Client(
            headers=headers, timeout=options.timeout, follow_redirects=False, verify=trust(options, config_folder)
        )

    def close(self) -> None:
        self._client.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        lines: Sequence[Mapping[str, Any]] = (),
    ) -> dict[str, Any]:
        """The JSON object that is answered to `body`, or to `lines` of JSON. Raises PassingError for what is worth
        another try, else RefusedError or EngineError."""
        content = "".join(json.dumps(line) + "\n" for line in lines) if lines else json.dumps(body) if body else None
        kind = {"Content-Type": "application/x-ndjson" if lines else "application/json"} if content else {}
        deadline = self._clock.now() + self._timeout
        try:
            with self._client.stream(
                method, self._hosts[0] + path, params=params, content=content, headers=kind
            ) as response:
                return _understand(response, self._read(response, deadline))
        except httpx2.TimeoutException:
            reason = f"no answer within {self._timeout:g} s"
        except (httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
            raise EngineError(f"bad address: {error}") from None
        except httpx2.RequestError as error:
            reason = str(error) or type(error).__name__
        except PassingError:
            self._hosts.rotate(-1)
            raise
        self._hosts.rotate(-1)
        raise PassingError(reason)

    def _read(self, response: httpx2.Response, deadline: float) -> bytes:
        """The whole body. The client's own timeout is for each read; the deadline is for all, against a slow drip."""
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MAX_BYTES:
                raise EngineError(f"the answer is longer than {MAX_BYTES} bytes")
            if self._clock.now() > deadline:
                raise PassingError(f"no whole answer within {self._timeout:g} s")
        return bytes(body)


def _understand(response: httpx2.Response, body: bytes) -> dict[str, Any]:
    status = response.status_code
    if response.has_redirect_location:
        raise EngineError(f"HTTP {status}: moved to {response.headers['Location']!r} (set url to follow)")
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    reason = read_reason(answer)
    if status in PASSING_STATUS:
        retry_after = parse_retry_after(response.headers.get("Retry-After"))
        raise PassingError(f"HTTP {status}: {reason}" if reason else f"HTTP {status}", retry_after)
    if status >= 400:
        raise RefusedError(status, reason)
    if not isinstance(answer, dict):
        raise PassingError(f"the answer is not a JSON object: it begins with {body[:40]!r}")
    return answer


def _user_agent() -> str:
    try:
        return f"cem-opensearch/{version('cem-opensearch')}"
    except PackageNotFoundError:
        return "cem-opensearch"
