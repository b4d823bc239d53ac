"""What was not taken, and why."""

import json
import threading
from collections import Counter
from pathlib import Path

from cem_toolkit.searching import clean

FILE = "refused.jsonl"


class Refusals:
    """Keeps each refusal once. `write` puts them into `refused.jsonl`; `lines` tells them in a line per kind."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], None] = {}
        self._lock = threading.Lock()

    def add(self, what: str, kind: str, reason: str) -> None:
        """`what` is a URL or a query, `kind` what it is counted as. Reasons may hold what a stranger's server sent."""
        reason = " ".join(clean(reason, 500).split())
        with self._lock:
            self._found.setdefault((what, kind, reason))

    def __bool__(self) -> bool:
        return bool(self._found)

    def lines(self) -> list[str]:
        """Such as "12 × robots.txt (https://example.org/a)", the most frequent kind first."""
        by_kind: dict[str, list[str]] = {}
        for what, kind, _ in sorted(self._found):
            by_kind.setdefault(kind, []).append(what)
        ordered = sorted(by_kind.items(), key=lambda item: (-len(item[1]), item[0]))
        return [f"{len(them)} × {kind} (such as {them[0][:200]!r})" for kind, them in ordered]

    def main_reason(self) -> str:
        """A reason of the most frequent kind."""
        counts = Counter(kind for _, kind, _ in self._found)
        return min(self._found, key=lambda found: (-counts[found[1]], found))[2] if self._found else ""

    def write(self, folder: Path) -> None:
        """One JSON object a line with what, kind and reason, sorted, so that the same refusals make the same file."""
        with (folder / FILE).open("w", encoding="utf-8") as file:
            for what, kind, reason in sorted(self._found):
                file.write(json.dumps({"what": what, "kind": kind, "reason": reason}) + "\n")
