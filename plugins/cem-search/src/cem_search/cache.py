"""Answers kept on disk, so that the same thing is asked once."""

import json
from pathlib import Path
from typing import Any

from cem_toolkit.api import content_id, parse_json, replacing
from cem_toolkit.searching.polite import Clock

DAY = 24 * 60 * 60


class Cache:
    """JSON files below `folder`, one for each key, named by its hash and holding key and time as well."""

    def __init__(self, folder: Path, max_age: float, clock: Clock) -> None:
        self._folder = folder
        self._max_age = max_age * DAY
        self._clock = clock

    def load(self, *key: str) -> Any:
        """What was stored under `key`, or None where there is nothing, it is older than `max_age` days, or its file is
        not whole."""
        try:
            kept = parse_json(self._path(key).read_bytes())
            young = self._clock.today() - kept["time"] < self._max_age
            return kept["answer"] if kept["key"] == list(key) and young else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def store(self, answer: Any, *key: str) -> None:
        with replacing(self._path(key)) as beside:
            beside.write_text(json.dumps({"key": key, "time": self._clock.today(), "answer": answer}))

    def _path(self, key: tuple[str, ...]) -> Path:
        name = content_id(*key)
        return self._folder / name[:2] / f"{name}.json"
