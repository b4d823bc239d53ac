"""What a source could not have."""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from cem_toolkit.errors import CemError
from cem_toolkit.searching.polite.failures import RequestError, StoppedError

Answer = TypeVar("Answer")


class Misses:
    """Goes on where a request fails, so that a source ends with what it has, and tells what is missing."""

    def __init__(self, place: str, nothing: str, log: Callable[[str], None]) -> None:
        """`place` begins the lines that are logged, and `nothing` the error where nothing at all could be had."""
        self._place = place
        self._nothing = nothing
        self._log = log
        self._reasons: list[str] = []
        self._stopped = ""
        self._not_asked: Counter[str] = Counter()

    def ask(self, request: Callable[[], Answer], what: str, count: int) -> Answer | None:
        """What `request`, for `count` things called `what`, gives; None where it raises RequestError."""
        try:
            return request()
        except StoppedError as error:
            self._stopped = str(error)
            self._not_asked[what] += count
            self._reasons.append(str(error))
        except RequestError as error:
            self.add(str(error), what, count)
        return None

    def add(self, reason: str, what: str, count: int) -> None:
        """Notes that `count` things called `what` failed, and logs it."""
        self._reasons.append(reason)
        self._log(f"{self._place}: {count} {what} failed: {reason}")

    def conclude(self, found: bool) -> None:
        """Logs what was not asked for. Raises CemError where there was a failure and nothing was found."""
        if self._not_asked:
            left = ", ".join(f"{count} {what}" for what, count in self._not_asked.items())
            self._log(f"{self._place}: stopped as {self._stopped}; not asked for: {left}")
        if not found and self._reasons:
            raise CemError(f"{self._nothing}: {self._reasons[0]}")
