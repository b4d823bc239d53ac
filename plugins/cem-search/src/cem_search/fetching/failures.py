"""How a request can fail."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


class FetchError(Exception):
    """A request got no usable answer. `kind` is what such failures are counted as; the text says more."""

    def __init__(self, kind: str, reason: str = "") -> None:
        super().__init__(f"{kind}: {reason}" if reason else kind)
        self.kind = kind


class RefusedError(FetchError):
    """One that asking again would not change: by our rules, by the site's, or by what the page is."""


class PassingError(FetchError):
    """One that may succeed later. `retry_after` is what the server asked for, in seconds, or 0."""

    def __init__(self, kind: str, reason: str = "", retry_after: float = 0.0) -> None:
        super().__init__(kind, reason)
        self.retry_after = retry_after


class StoppedError(FetchError):
    """Nothing more is asked: a budget is spent, or the host does not answer."""


def parse_retry_after(value: str | None) -> float:
    """Seconds from the HTTP header Retry-After, which holds seconds or a date; 0 where it says nothing of use."""
    if not value:
        return 0.0
    if value.strip().isdecimal():
        return float(value.strip()[:9])
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
