"""Hashes of files, remembered as git does: a file of the same size, times and inode is not read again."""

import json
from collections.abc import Iterable
from pathlib import Path

from cem_toolkit.api import CemError, file_hash, parse_json, replacing

NAME = "digests.json"


def digests(paths: Iterable[Path], cache: Path) -> dict[Path, str]:
    """SHA-256 of each file, in hexadecimal. Raises CemError where one cannot be read."""
    kept, now = _load(cache / NAME), dict[str, list[object]]()
    found: dict[Path, str] = {}
    for path in paths:
        try:
            stat = path.stat()
            state = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
            known = kept.get(str(path))
            now[str(path)] = known if known and known[:-1] == state else [*state, file_hash(path)]
            found[path] = str(now[str(path)][-1])
        except OSError as error:
            raise CemError(f"docs: {path} cannot be read: {error.strerror}; mend or exclude it") from None
    if now != kept:
        _save(cache / NAME, now)
    return found


def _load(path: Path) -> dict[str, list[object]]:
    try:
        kept = parse_json(path.read_bytes())
        return kept if isinstance(kept, dict) else {}
    except (OSError, ValueError):
        return {}


def _save(path: Path, states: dict[str, list[object]]) -> None:
    with replacing(path) as beside:
        beside.write_text(json.dumps(states), encoding="utf-8")
