"""What the engines say where they give no answer."""

from typing import Any

from cem_toolkit.searching.polite import RequestError

LONGEST_REASON = 200


class RefusedError(RequestError):
    """The engine understood and says no: the same request will fail again."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"HTTP {status}: {reason}" if reason else f"HTTP {status}")
        self.status = status


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
