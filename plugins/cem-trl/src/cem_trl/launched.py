"""The master's side of a training in several processes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cem_toolkit.api import CemError, Context, Row
from cem_toolkit.launching import Workers, accelerate_command
from cem_trl.hardware import choose_device
from cem_trl.layout import Layout
from cem_trl.options import TrlOptions
from cem_trl.room import OutOfRoom

MODULE = "cem_trl.worker"


def out_of_room(folder: Path) -> Path:
    """Where a process says that memory did not suffice: it cannot tell the others, who wait for it in vain."""
    return folder / "out_of_memory"


def attempt_launched(
    rows: Sequence[Row], options: TrlOptions, ctx: Context, version: str, layout: Layout
) -> Mapping[str, Any]:
    """As `attempt`, in processes of its own, which are gone with all their memory when it returns or raises."""
    note, log = out_of_room(ctx.folder), ctx.folder / "processes.log"
    note.unlink(missing_ok=True)
    command = accelerate_command(
        MODULE,
        processes=layout.processes,
        cpu=choose_device(options) == "cpu",
        config=layout.config,
        launcher=layout.launcher,
    )
    # All of the options, those too that decide nothing about the result.
    chosen = {name: getattr(options, name) for name in type(options).model_fields}
    data = {"rows": [row.to_json() for row in rows], "options": chosen, "version": version}
    try:
        with Workers(command, log=log) as workers:
            figures = workers.ask("train", data, ctx)
    except CemError:
        if note.exists():
            message = note.read_text("utf-8")
            note.unlink()
            raise OutOfRoom(message) from None
        raise
    log.unlink(missing_ok=True)
    return figures
