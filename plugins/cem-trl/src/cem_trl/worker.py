"""The workers' side of a training in several processes: `accelerate launch --module cem_trl.worker`."""

import os
import resource
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import torch

from cem_toolkit.api import CemError, Context, Row, replacing
from cem_toolkit.launching import serve
from cem_trl.attempt import attempt
from cem_trl.hardware import choose_device
from cem_trl.launched import out_of_room
from cem_trl.layout import choose_layout
from cem_trl.options import TrlOptions
from cem_trl.room import OutOfRoom
from cem_trl.together import gathered

PATIENCE = timedelta(hours=2)
"""How long processes wait for one of them, such as the first while it writes a large model."""
NO_ROOM = 3
"""Exit status of a process whose memory did not suffice."""


def handle(work: str, data: Mapping[str, Any], ctx: Context) -> Mapping[str, Any]:
    """Trains together with the other processes; in all of them the figures are the same."""
    options = TrlOptions.model_validate(data["options"])
    device = choose_device(options)
    layout = choose_layout(options, ctx, device)
    there = int(os.environ.get("WORLD_SIZE", "1"))
    if there != layout.processes:
        raise CemError(f"{there} processes were launched, and {layout.processes} are to train: see the accelerate file")
    _join(device)
    try:
        figures = attempt([Row.from_json(row) for row in data["rows"]], options, ctx, data["version"], layout)
    except OutOfRoom as error:
        with replacing(out_of_room(ctx.folder)) as beside:
            beside.write_text(str(error), "utf-8")
        # The other processes wait for this one, and are ended by the launcher when it ends.
        os._exit(NO_ROOM)
    return {**figures, "peak_memory_bytes": gathered(_peak_memory(device))}


def _join(device: str) -> None:
    """Has the processes find each other."""
    from accelerate import PartialState

    PartialState(cpu=device == "cpu", timeout=PATIENCE)


def _peak_memory(device: str) -> int:
    """The most bytes that this process had at any time, of the GPU or else of the machine."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    serve(handle)
