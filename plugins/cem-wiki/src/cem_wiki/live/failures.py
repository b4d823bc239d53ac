"""How a request can fail."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


class WikiError(Exception):
    """A request got no usable answer. The text says why, in a few words."""


class PassingError(WikiError):
    """One that may succeed later. `retry_after` is what the server asked for, in seconds, or 0."""

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class StoppedError(WikiError):
    """No more requests are made: the budget is spent, or the wiki does not answer."""


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
