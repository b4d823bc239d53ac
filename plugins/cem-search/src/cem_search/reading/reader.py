"""Reads pages in a child process with a time limit."""

import base64
import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Any

from cem_search.fetching.failures import RefusedError
from cem_search.fetching.fetcher import Fetched
from cem_search.reading.child import READY
from cem_toolkit.api import CemError


@dataclass(frozen=True, slots=True)
class Text:
    """A page's text, with what the page states of itself, or "": its date as YYYY-MM-DD."""

    title: str
    text: str
    date: str
    licence: str
    language: str


class Reader:
    """One child reads one page after the other, started when the first one comes. Threads may share it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None

    def read(self, page: Fetched) -> Text:
        """Raises RefusedError where the page has no text, or none that could be found within the limits."""
        asked = {"body": base64.b64encode(page.body).decode(), "type": page.type, "charset": page.charset}
        with self._lock:
            answer = self._ask(json.dumps(asked | {"url": page.url}))
        if "refused" in answer:
            raise RefusedError(str(answer["refused"]), str(answer["reason"]))
        return Text(**answer)

    def close(self) -> None:
        with self._lock:
            self._end()

    def _ask(self, line: str) -> dict[str, Any]:
        if self._child is None or self._child.poll() is not None:
            self._end()
            self._child = _start()
        child = self._child
        assert child.stdin and child.stdout  # noqa: S101 (both are pipes)
        alarm = threading.Timer(self._seconds, child.kill)
        alarm.daemon = True
        alarm.start()
        try:
            child.stdin.write(line + "\n")
            child.stdin.flush()
            answer: dict[str, Any] = json.loads(child.stdout.readline())
        except (OSError, ValueError):
            self._end()
            limit = f"its text could not be found within {self._seconds:g} s and the memory allowed"
            return {"refused": "unreadable", "reason": limit}
        finally:
            alarm.cancel()
        return answer

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None


def _start() -> "subprocess.Popen[str]":
    """Raises CemError where the child does not start, as where its libraries are broken."""
    # -P: a folder that happens to be the current one must not lend its modules.
    command = [sys.executable, "-P", "-X", "utf8", "-m", "cem_search.reading.child"]
    child = subprocess.Popen(  # noqa: S603 (a fixed command)
        command, text=True, encoding="utf-8", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert child.stdout  # noqa: S101 (a pipe)
    if child.stdout.readline() != READY:
        child.kill()
        child.communicate()
        raise CemError(f"search: the process that reads pages does not start; see what it says: {' '.join(command)}")
    return child
