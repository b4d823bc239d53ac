"""Responses kept on disk, so that the same question is asked of a wiki once."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cem_toolkit.api import parse_json, replacing


class Responses:
    """JSON files below `folder`, one for each request, named by its hash and holding the request as well."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, request: Mapping[str, str]) -> dict[str, Any] | None:
        """The response to `request`, or None where there is none or its file is not whole."""
        try:
            kept = parse_json(self._path(request).read_bytes())
            response = kept["response"] if kept["request"] == dict(request) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return response if isinstance(response, dict) else None

    def store(self, request: Mapping[str, str], response: Mapping[str, Any]) -> None:
        with replacing(self._path(request)) as beside:
            beside.write_text(json.dumps({"request": dict(request), "response": response}))

    def _path(self, request: Mapping[str, str]) -> Path:
        name = hashlib.sha256(json.dumps(dict(request), sort_keys=True).encode()).hexdigest()
        return self._folder / name[:2] / f"{name}.json"
