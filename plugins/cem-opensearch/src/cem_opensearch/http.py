"""One HTTP request to an engine, and what its answer means."""

import json
from collections import deque
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import httpx2

from cem_opensearch.failures import RefusedError, read_reason
from cem_opensearch.options import OpenSearchOptions
from cem_opensearch.signing_in import authorization, secrets, trust
from cem_toolkit.api import parse_json
from cem_toolkit.searching.polite import (
    PASSING_STATUS,
    Clock,
    PassingError,
    RequestError,
    parse_retry_after,
    send,
)

MAX_BYTES = 128 * 2**20


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
        signed = authorization(options)
        if signed:
            headers["Authorization"] = signed
        self._secrets = [secret.encode() for secret in secrets(options, signed)]
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
        another try, else RefusedError or RequestError."""
        content = "".join(json.dumps(line) + "\n" for line in lines) if lines else json.dumps(body) if body else None
        kind = {"Content-Type": "application/x-ndjson" if lines else "application/json"} if content else {}
        try:
            response, answer = send(
                self._client,
                method,
                self._hosts[0] + path,
                params=params,
                content=content,
                headers=kind,
                timeout=self._timeout,
                max_bytes=MAX_BYTES,
                clock=self._clock,
            )
            for secret in self._secrets:  # some servers repeat what they refuse, and reasons are logged
                answer = answer.replace(secret, b"...")
            return _understand(response, answer)
        except PassingError:
            self._hosts.rotate(-1)
            raise


def _understand(response: httpx2.Response, body: bytes) -> dict[str, Any]:
    status = response.status_code
    if response.has_redirect_location:
        raise RequestError(f"HTTP {status}: moved to {response.headers['Location'][:200]!r} (set url to follow)")
    try:
        answer = parse_json(body)
    except ValueError:
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
