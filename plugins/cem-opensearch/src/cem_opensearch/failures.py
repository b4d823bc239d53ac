"""How a request can fail, and what the engines say about it."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST_REASON = 200


class EngineError(Exception):
    """A request got no usable answer. The text says why, in a few words."""


class RefusedError(EngineError):
    """The engine understood and says no: the same request will fail again."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"HTTP {status}: {reason}" if reason else f"HTTP {status}")
        self.status = status


class PassingError(EngineError):
    """One that may succeed later. `retry_after` is what the server asked for, in seconds, or 0."""

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class StoppedError(EngineError):
    """No more requests are made: the budget is spent, or the engine does not answer."""


def read_reason(answer: Any) -> str:
    """What an error answer says, in one printable line; "" where it says nothing.

    Both engines send `{"error": {"type", "reason", "root_cause": […]}, "status"}`, or a bare string for `error`; the
    root cause tells more than the outermost reason, which is often "all shards failed".
    """
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict):
        causes = error.get("root_cause")
        told = causes[0] if isinstance(causes, list) and causes and isinstance(causes[0], dict) else error
        error = f"{told.get('type', 'error')}: {told.get('reason', '')}"
    if not isinstance(error, str):
        return ""
    printable = "".join(char if char.isprintable() else " " for char in error[: 2 * LONGEST_REASON])
    return " ".join(printable.split())[:LONGEST_REASON]


def parse_retry_after(value: str | None) -> float:
    """Seconds from the HTTP header Retry-After, which holds seconds or a date; 0 where it says nothing of use."""
    if not value:
        return 0.0
    if value.strip().isdecimal():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
