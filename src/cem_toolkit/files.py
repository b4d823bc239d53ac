"""Files written whole or not at all, and their hashes."""

import contextlib
import hashlib
import os
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SUFFIX = ".part"
_BESIDE = re.compile(r"\..+\.([0-9a-f]{8})-(\d+)-\d+" + re.escape(SUFFIX))


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside `path` to write the new content to: renamed to `path` when the block ends, so that readers find
    the old file or the new one, and removed where the block raises. The folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = name_beside(path)
    try:
        yield beside
        settle(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def name_beside(path: Path) -> Path:
    """A name for what is to be renamed to `path`, a file or a folder. Neither another process, here or on another
    machine, nor another thread takes it."""
    return path.with_name(f".{path.name}.{_place()}-{os.getpid()}-{threading.get_ident()}{SUFFIX}")


def remove_abandoned(folder: Path, *, all_of_them: bool = False) -> None:
    """Removes what was being written below `folder` by processes of this machine that have ended: a killed one leaves
    such names behind. With `all_of_them`, whoever wrote it, for folders where nobody else can be writing."""
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            if (match := _BESIDE.fullmatch(name)) and (all_of_them or _has_ended(*match.groups())):
                path = Path(parent, name)
                with contextlib.suppress(OSError):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


@cache
def _place() -> str:
    """Tells apart the machines, and the containers on them, that may share a disk: their numbers of processes are
    their own."""
    try:
        space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # not Linux
        space = ""
    return hashlib.sha256(f"{socket.gethostname()} {space}".encode()).hexdigest()[:8]


def _has_ended(place: str, process: str) -> bool:
    if place != _place():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def settle(path: Path) -> None:
    """Has the disk take a file, or a folder's list of names, for good. A rename may else outlive a power cut that what
    was renamed does not."""
    handle = os.open(path, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network and overlay file systems cannot, for folders above all
            os.fsync(handle)
    finally:
        os.close(handle)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
