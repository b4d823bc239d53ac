"""What was not read, and why: nothing is left out in silence."""

import contextlib
import json
from dataclasses import asdict
from pathlib import Path

from cem_docs.blocks import Skipped

MOST = 1000
"""Of each kind so many are listed; the others are counted."""


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
        """One for each kind, with an example."""
        said = []
        for kind, (count, listed) in self._kinds.items():
            first = listed[0]
            place = f" ({first['place']})" if first["place"] else ""
            said.append(
                f"{count:,} {kind}, such as {first['file']}{place}" + f": {first['reason']}" * bool(first["reason"])
            )
        return said

    def to_jsonl(self) -> str:
        """A line for each thing that is listed."""
        return "".join(json.dumps(entry) + "\n" for _, listed in self._kinds.values() for entry in listed)

    def save(self, path: Path) -> None:
        beside = path.with_name("." + path.name)
        beside.write_text(json.dumps(self._kinds), encoding="utf-8")
        beside.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Skips":
        """What `save` kept; nothing where that is gone."""
        skips = cls()
        with contextlib.suppress(OSError, ValueError):
            skips._kinds = {kind: (count, listed) for kind, (count, listed) in json.loads(path.read_bytes()).items()}
        return skips
