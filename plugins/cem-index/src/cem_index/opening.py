"""Opening an index, which builds it where it is not there."""

import contextlib
import fcntl
import hashlib
import importlib.metadata
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from cem_index.building import Documents, build, written
from cem_index.fields import SETTINGS
from cem_index.index import DiskIndex
from cem_index.seal import SEAL, seal, whole
from cem_index.sharing import fetched, share
from cem_toolkit.api import Context


def open_index(
    folder: Path,
    key: str,
    documents: Documents,
    *,
    language: str,
    total: int | None = None,
    reached: Callable[[str], int] | None = None,
    ctx: Context,
) -> DiskIndex:
    """The index of `documents`, from `folder`; built there first, or built on, where it is missing or not whole.

    `key` stands for whatever decides the documents; the language, the index's own settings and tantivy's version are
    added to it. `total` is for the progress bar: the number of documents, redirects included, or what `reached` makes
    of the last position, such as bytes of a file. Where another process builds the same index, waits for it; where one
    is shared (`ctx.indexes`), fetches it rather than building it, and else shares what it has built. Raises
    CemError where the index cannot be written, and whatever `documents` raises.
    """
    path = folder / f"tantivy-{_full_key(key, language)}"
    count = whole(path)
    if count is None:
        with _alone(path, ctx):
            count = whole(path)  # another process may have finished it meanwhile
            if count is None and ctx.indexes:
                count = fetched(path, ctx)
            if count is None:
                if (path / SEAL).exists():
                    ctx.log(f"the index in {path} is damaged: building it again")
                    shutil.rmtree(path)
                count = build(path, documents, language, total, reached, ctx)
                with written(path):
                    seal(path, count)
                if ctx.indexes:
                    share(path, ctx)
    return DiskIndex(path, language, count)


def _full_key(key: str, language: str) -> str:
    parts = [key, language, SETTINGS, importlib.metadata.version("tantivy"), importlib.metadata.version("bm25s")]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@contextlib.contextmanager
def _alone(path: Path, ctx: Context) -> Iterator[None]:
    """Keeps other processes from building the same index meanwhile; the system frees the lock of a killed one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            ctx.log("another process is building this index: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
