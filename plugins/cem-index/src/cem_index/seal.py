"""What says that an index is whole: its files' sizes and hashes, written when it was finished."""

import json
from pathlib import Path
from typing import Any

from cem_toolkit.api import file_hash, parse_json, replacing

SEAL = "whole.json"


def seal(path: Path, documents: int) -> None:
    """Says that the index in `path` is finished, and how many documents it has."""
    sealed = {"documents": documents, "files": {file.name: _stamp(file) for file in _files(path)}}
    with replacing(path / SEAL) as beside:
        beside.write_text(json.dumps(sealed))


def whole(path: Path) -> int | None:
    """The number of documents of a finished index whose files are as they were sealed, else None.

    A file of the size and the time of change that it was left with is taken to be the same; any other is hashed, for
    gigabytes are not to be read at every start.
    """
    try:
        sealed = parse_json((path / SEAL).read_bytes())
        documents, files = int(sealed["documents"]), sealed["files"]
        same = {file.name for file in _files(path)} == set(files)
        if same and all(_unchanged(path / name, stamp) for name, stamp in files.items()):
            return documents
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return None


def _files(path: Path) -> list[Path]:
    """Those of the index, without the seal, whole or half written, and locks."""
    own = (SEAL, f".{SEAL}.")
    return sorted(file for file in path.iterdir() if not file.name.startswith(own) and file.suffix != ".lock")


def _unchanged(file: Path, stamp: dict[str, Any]) -> bool:
    now = file.stat()
    if now.st_size != stamp["size"]:
        return False
    return bool(now.st_mtime_ns == stamp["changed"] or file_hash(file) == stamp["sha256"])


def _stamp(file: Path) -> dict[str, Any]:
    now = file.stat()
    return {"size": now.st_size, "changed": now.st_mtime_ns, "sha256": file_hash(file)}
