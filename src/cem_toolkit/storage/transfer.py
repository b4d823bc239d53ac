"""Finished stages on their way: files first and their note last, so that half a stage is never taken for a whole one.

What comes from the storage is checked against the note that its stage was sealed with, and no name in a note or a
listing leads out of the folder.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cem_toolkit.parsing import parse_json
from cem_toolkit.storage.remote import Remote, StorageError
from cem_toolkit.storage.urls import confined, joined
from cem_toolkit.store import INFO, as_noted, noted_files, read_info, write_json


class Damaged(StorageError):  # noqa: N818 (a state more than an error)
    """What lies on the storage is not what was once sealed."""


def send_stage(remote: Remote, out: Path, name: str) -> None:
    """Copies the stage `name` (a path below `out`, such as `2026-11-27-quiet-ibis/round-1/mine`) to the storage.

    Before its note comes the hint by which other runs find it: wherever there is a note, there is a hint.
    """
    folder = out / name
    info = read_info(folder)
    if info is None:
        return
    remote.remove(f"{name}/{INFO}")  # an older stage's, whose files are about to change
    for file in info["files"]:
        remote.put(folder / file, f"{name}/{file}")
    remote.write(f"{hints(info['key'])}/{name.partition('/')[0]}", name.encode())
    remote.put(folder / INFO, f"{name}/{INFO}")


def hints(key: str) -> str:
    """The folder of files, one a run, that say where a stage of that key lies."""
    return f".stages/{key}"


def read_note(remote: Remote, name: str) -> dict[str, Any] | None:
    """What is noted there of the stage `name`; None where none is finished."""
    try:
        found = parse_json(remote.read(f"{name}/{INFO}"))
    except (FileNotFoundError, ValueError):
        return None
    return found if noted_files(found) is not None else None


def fetch_stage(
    remote: Remote, name: str, target: Path, note: Mapping[str, Any], *, known: Path | None = None, light: bool = False
) -> None:
    """Brings the stage `name`, of which `note` was read, to the folder `target`, whole or not at all.

    Goes on where an earlier try was cut short, and takes files that are as noted from the folder `known` instead.
    `light`: its note only, for a look at it. Raises Damaged where a file is not what the note says.
    """
    beside = target.with_name(target.name + ".fetch")
    beside.mkdir(parents=True, exist_ok=True)
    for file, noted in {} if light else note["files"].items():
        place = confined(beside, file)
        if place is None or place == beside / INFO:
            shutil.rmtree(beside)
            raise Damaged(f"{joined(remote.url, name, INFO)}: names the file {file!r:.80}, which no stage has")
        if not as_noted(place, noted):
            _fetch_file(remote, f"{name}/{file}", place, noted, known / file if known else None)
    write_json(beside / INFO, note)
    if target.exists():
        shutil.rmtree(target)
    os.rename(beside, target)


def _fetch_file(remote: Remote, name: str, place: Path, noted: Mapping[str, Any], known: Path | None) -> None:
    if known is not None and as_noted(known, noted):
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(known, place)
        return
    try:
        if remote.size(name) == noted["bytes"]:  # so that no more comes than was said
            remote.get(name, place)
    except FileNotFoundError:
        pass
    if not as_noted(place, noted):
        place.unlink(missing_ok=True)
        raise Damaged(f"{joined(remote.url, name)}: is not the file that was sealed (by size or SHA-256)")
