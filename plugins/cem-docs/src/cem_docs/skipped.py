"""What was not read, and why: nothing is left out in silence."""

import contextlib
import json
from dataclasses import asdict
from pathlib import Path

from cem_docs.blocks import Skipped
from cem_toolkit.api import parse_json, replacing
from cem_toolkit.searching import clean

MOST = 1000
"""Of each kind so many are listed; the others are counted."""
MAX_LINE = 500
"""Characters."""


class Skips:
    """By their kind the number of things skipped, and a list of them."""

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[int, list[dict[str, str]]]] = {}

    def add(self, name: str, skipped: Skipped) -> None:
        count, listed = self._kinds.get(skipped.kind, (0, []))
        if len(listed) < MOST:
            listed.append({"file": name, **asdict(skipped)})
        self._kinds[skipped.kind] = (count + 1, listed)

    def update(self, other: "Skips") -> None:
        """Takes over all that `other` has."""
        for kind, (more, entries) in other._kinds.items():
            count, listed = self._kinds.get(kind, (0, []))
            self._kinds[kind] = (count + more, [*listed, *entries][:MOST])

    def lines(self) -> list[str]:
        """One for each kind, with an example. Names and reasons are foreign, so they are cleaned."""
        said = []
        for kind, (count, listed) in self._kinds.items():
            name, place, reason = (listed[0][field] for field in ("file", "place", "reason"))
            example = f"{name} ({place})" if place else name
            line = (
                f"{count:,} {kind}, such as {example}: {reason}" if reason else f"{count:,} {kind}, such as {example}"
            )
            said.append(clean(" ".join(line.split()), MAX_LINE))
        return said

    def to_jsonl(self) -> str:
        """A line for each thing that is listed."""
        return "".join(json.dumps(entry) + "\n" for _, listed in self._kinds.values() for entry in listed)

    def save(self, path: Path) -> None:
        with replacing(path) as beside:
            beside.write_text(json.dumps(self._kinds), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Skips":
        """What `save` kept; nothing where that is gone."""
        skips = cls()
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
            skips._kinds = {kind: (count, listed) for kind, (count, listed) in parse_json(path.read_bytes()).items()}
        return skips
