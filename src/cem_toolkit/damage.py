"""Finds what has changed in a run's finished stages since they were written: nothing is told from damaged files."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cem_toolkit.errors import CemError
from cem_toolkit.storage.urls import confined
from cem_toolkit.store import INFO, is_as_written, read_info

if TYPE_CHECKING:
    from cem_toolkit.run import Run

SHOWN = 5
RECORDS = "*.jsonl"
"""What is told from: of weights, which take long to read and may have been removed to save room, nothing is."""


def require_whole(run: "Run") -> None:
    """Raises CemError, a line for each, where records or notes of finished stages have changed."""
    found = list(_damaged(run))
    if found:
        more = f" ({len(found)} in all)" if len(found) > SHOWN else ""
        cure = f"`cem-toolkit resume {run.folder}` does what is damaged again"
        raise CemError("\n".join(f"{line}; {cure}{more}" for line in found[:SHOWN]))


def _damaged(run: "Run") -> Iterator[str]:
    # Each stage with the key that it was last finished with.
    for name, key in {f"round-{number}/{stage}": key for number, stage, key in run.ends}.items():
        folder = confined(run.folder, name)
        if folder is None:  # of a stranger's making
            yield f"{run.folder / 'events.jsonl'}: names a stage outside the run"
            continue
        info = read_info(folder)
        if info is None or info.get("key") != key:
            if folder.exists() or not name.endswith("/train"):  # whole trainings may have been removed to save room
                yield f"{folder / INFO}: is missing or not as it was written"
        else:
            records = [path for path in info["files"] if Path(path).match(RECORDS)]
            for path in records:
                if not is_as_written(folder, path, info):
                    yield f"{folder / path}: is missing or not as it was written"
