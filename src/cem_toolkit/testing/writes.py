"""Sees which files are written while a component works. What a library's compiled code writes is not seen."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

_TARGETS = {
    "open": (0,),
    "os.link": (1,),
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "shutil.rmtree": (0,),
    "sqlite3.connect": (0,),
}
"""Audit events that change files, and which of their arguments name one."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_hooked = False
_watch: "_Watch | None" = None


class _Watch:
    def __init__(self, allowed: Sequence[Path], root: Path) -> None:
        self.allowed = [os.path.realpath(path) for path in allowed]
        self.root, self.temporary = os.path.realpath(root), os.path.realpath(tempfile.gettempdir())
        self.seen: list[str] = []

    def see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and not arguments[2] & _WRITING:
            return
        if event in ("os.remove", "os.rmdir") and arguments[1] >= 0:
            return  # within a folder that is removed as a whole, which is seen by itself
        if event == "sqlite3.connect":
            arguments = (_database(arguments[0]),)
        for index in _TARGETS[event]:
            if not isinstance(arguments[index], (str, bytes, os.PathLike)):
                continue  # a file that is open already
            path = os.path.realpath(os.fsdecode(arguments[index]))
            there = event == "os.mkdir" and os.path.isdir(path)  # noqa: PTH112 (called for every file)
            if not there and not self._may(path):
                self.seen.append(path)

    def _may(self, path: str) -> bool:
        if any(_below(path, folder) for folder in self.allowed) or path.startswith("/dev/") or "__pycache__" in path:
            return True
        return _below(path, self.temporary) and not _below(path, self.root)


def _database(name: Any) -> Any:
    """The file that a database is written to; None where it is in memory or only read."""
    text = os.fsdecode(name) if isinstance(name, (str, bytes, os.PathLike)) else ""
    if text in ("", ":memory:"):
        return None
    if not text.startswith("file:"):
        return text
    uri = urlsplit(text)
    return None if {"mode=ro", "mode=memory"} & set(uri.query.split("&")) else unquote(uri.path)


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)


@contextlib.contextmanager
def watching_writes(allowed: Sequence[Path], root: Path) -> Iterator[list[str]]:
    """The list of paths that are written, made, renamed or removed meanwhile and may not be.

    What lies below `allowed` may be, and so may the system's folder for temporary files, but for `root`."""
    global _watch, _hooked  # noqa: PLW0603 (an audit hook has no other state, and cannot be removed)
    if not _hooked:
        sys.addaudithook(_audit)
        _hooked = True
    watch, before = _Watch(allowed, root), _watch
    _watch = watch
    try:
        yield watch.seen
    finally:
        _watch = before


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _watch is not None and event in _TARGETS:
        _watch.see(event, arguments)
