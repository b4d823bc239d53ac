"""How a request can fail."""

from cem_toolkit.searching import polite


class FetchError(Exception):
    """A request got no usable answer. `kind` is what such failures are counted as; the text says more.

    No `polite.RequestError`, for most say nothing about the host: it answers well, and we do not want the page.
    """

    def __init__(self, kind: str, reason: str = "") -> None:
        super().__init__(f"{kind}: {reason}" if reason else kind)
        self.kind = kind


class RefusedError(FetchError):
    """One that asking again would not change: by our rules, by the site's, or by what the page is."""


class PassingError(FetchError, polite.PassingError):
    """One that may succeed later. Of these failures it alone counts against a host."""

    def __init__(self, kind: str, reason: str = "", retry_after: float = 0.0) -> None:
        super().__init__(kind, reason)
        self.retry_after = retry_after


class StoppedError(FetchError):
    """Nothing more is asked: a budget is spent, or the host does not answer."""
