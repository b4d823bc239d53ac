"""How a request can fail."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that tell of load or of a fault that may pass."""


class RequestError(Exception):
    """A request got no usable answer. The text says why, in a few words."""


class PassingError(RequestError):
    """One that may succeed later. `retry_after` is what the server asked for, in seconds, or 0."""

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class StoppedError(RequestError):
    """Not asked at all: the budget is spent, or the server does not answer. `kind` is what it may be counted as."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def parse_retry_after(value: str | None) -> float:
    """Seconds from the HTTP header Retry-After, which holds seconds or a date; 0 where it says nothing of use."""
    value = (value or "").strip()
    if value.isdecimal():
        return float(value[:9])  # more would be infinite; this is some thirty years
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return 0.0
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
