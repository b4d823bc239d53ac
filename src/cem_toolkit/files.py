"""Files written whole or not at all, and their hashes."""

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside `path` to write the new content to: renamed to `path` when the block ends, so that readers find
    the old file or the new one, and removed where the block raises. The folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Neither another process nor another thread writes to the same name.
    beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
