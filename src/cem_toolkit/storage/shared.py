"""Folders that machines share by an address, such as indexes: made by one of them, fetched by the others."""

import json
from pathlib import Path

from cem_toolkit.files import file_hash
from cem_toolkit.storage.remote import Remote
from cem_toolkit.storage.transfer import fetch_stage, read_note
from cem_toolkit.store import INFO


def fetch_folder(address: str, name: str, folder: Path) -> bool:
    """Brings the folder `name` from `address` to the place `folder`, whole or not at all; an interrupted try is gone on
    with. Returns False where it is not there.

    Raises CemError where the storage cannot be reached, or a file is not the one that was sent.
    """
    remote = Remote(address)
    note = read_note(remote, name)
    if note is None:
        return False
    fetch_stage(remote, name, folder, note)
    (folder / INFO).unlink()
    return True


def send_folder(address: str, name: str, folder: Path) -> None:
    """Copies the files that lie right in `folder`, but for locks, to `address` as `name`: it is there once all have
    arrived. Raises CemError where the storage cannot be reached."""
    remote = Remote(address)
    files = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix != ".lock":
            files[path.name] = {"bytes": path.stat().st_size, "sha256": file_hash(path)}
            remote.put(path, f"{name}/{path.name}")
    remote.write(f"{name}/{INFO}", json.dumps({"files": files}).encode())
