"""What must not differ between one way to do a run and another."""

from typing import Any

from cem_toolkit import Run
from cem_toolkit.store import read_info


def results(run: Run) -> dict[str, Any]:
    """Every stage with its key and the checksums of its files."""
    found = {path.parent: read_info(path.parent) for path in run.folder.rglob("stage.json")}
    return {
        folder.relative_to(run.folder).as_posix(): (info["key"], info["files"])
        for folder, info in found.items()
        if info
    }
