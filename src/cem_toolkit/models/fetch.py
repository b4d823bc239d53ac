"""A model folder on storage, brought to the cache whole."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from cem_toolkit.errors import CemError
from cem_toolkit.storage.remote import Remote
from cem_toolkit.storage.urls import confined, copy_of


def fetch_model(url: str, patterns: list[str], cache: Path, log: Callable[[str], None], fetch: bool) -> Path | None:
    """The folder in `cache` with those files of `url` that match `patterns`, as they are there now.

    Each state of the address has a folder of its own, told apart by what the storage says of its files (names, sizes,
    ETags or times). What an interrupted try has fetched is kept. None where it is not here yet and `fetch` is False.
    Raises CemError where there is no such folder, or it cannot be reached.
    """
    remote = Remote(url)
    names = [name for name in remote.files(deep=False) if any(Path(name).match(pattern) for pattern in patterns)]
    if not names:
        raise CemError(f"model {url}: there is no folder with a model in safetensors at that address")
    state = hashlib.sha256("\n".join(f"{name} {remote.mark(name)}" for name in names).encode()).hexdigest()[:16]
    folder = copy_of(url, cache).with_name(f"model-{copy_of(url, cache).name}-{state}")
    if folder.is_dir():
        return folder
    if not fetch:
        return None
    beside = folder.with_name(folder.name + ".part")
    total = sum(remote.size(name) for name in names)
    log(f"fetching {url} ({total / 1e6:,.0f} MB)")
    for name in names:
        place = confined(beside, name)
        if place is None or "/" in name:
            shutil.rmtree(beside, ignore_errors=True)
            raise CemError(f"model {url}: names a file {name!r:.80}, which no model has")
        if not place.is_file():  # what is there is whole: it was renamed to its name
            remote.get(name, place)
    os.rename(beside, folder)
    return folder
