"""Responses kept on disk, so that the same question is asked of a wiki once."""

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Responses:
    """JSON files below `folder`, one for each request, named by its hash and holding the request as well."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, request: Mapping[str, str]) -> dict[str, Any] | None:
        """The response to `request`, or None where there is none or its file is not whole."""
        try:
            kept = json.loads(self._path(request).read_bytes())
            response = kept["response"] if kept["request"] == dict(request) else None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return response if isinstance(response, dict) else None

    def store(self, request: Mapping[str, str], response: Mapping[str, Any]) -> None:
        """Written beside its place and renamed into it, so that readers find it whole or not at all."""
        path = self._path(request)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False) as file:
            beside = Path(file.name)
            try:
                json.dump({"request": dict(request), "response": response}, file)
                file.close()
                beside.replace(path)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    beside.unlink()

    def _path(self, request: Mapping[str, str]) -> Path:
        name = hashlib.sha256(json.dumps(dict(request), sort_keys=True).encode()).hexdigest()
        return self._folder / name[:2] / f"{name}.json"
