"""Checkpoints that an interrupted training continues from."""

import shutil
import zipfile
from pathlib import Path
from typing import Any

from cem_toolkit.api import CemError, parse_json
from cem_trl.layout import Layout
from cem_trl.options import TrlOptions

NUMBERS = ("numpy.", "_codecs.encode")
"""What the state of random generators names besides torch's own types."""
FREE_AFTERWARDS = 2**28
"""Bytes that training leaves free on the disk."""


def keeps_checkpoints(options: TrlOptions, layout: Layout) -> bool:
    """Whether there are checkpoints at all. DeepSpeed reads its own by pickle, which nothing here does."""
    return bool(options.checkpoint_seconds) and layout.strategy in ("ddp", "fsdp")


def open_checkpoints(folder: Path, key: str, layout: Layout) -> Path | None:
    """Makes `folder` the checkpoints of the training `key`; returns the last whole one in it.

    Checkpoints of other trainings, and half-written ones, are removed.
    """
    mark = folder / "training.txt"
    if not (mark.is_file() and mark.read_text("utf-8") == key):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        mark.write_text(key, "utf-8")
    last = None
    for path in sorted(folder.glob("checkpoint-*"), key=_step, reverse=True):
        if last is None and is_whole(path, layout):
            last = path
        else:
            shutil.rmtree(path)
    return last


def is_whole(checkpoint: Path, layout: Layout) -> bool:
    """Whether all files of `checkpoint` were written to their ends, and hold numbers alone. transformers writes
    trainer_state.json last."""
    optimiser = ("optimizer.bin", "pytorch_model_fsdp.bin") if layout.strategy == "fsdp" else ("optimizer.pt",)
    chance = [f"rng_state_{rank}.pth" for rank in range(layout.processes)] if layout.launched else ["rng_state.pth"]
    try:
        state = parse_json((checkpoint / "trainer_state.json").read_text("utf-8"))
        weights = list(checkpoint.glob("*.safetensors"))
        stated = bool(state["global_step"] == _step(checkpoint))
        archives = all(_is_plain_archive(checkpoint / name) for name in (*optimiser, "scheduler.pt", *chance))
        return stated and archives and bool(weights) and all(map(_is_whole_safetensors, weights))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False


def check_space(folder: Path, needed: int) -> None:
    """Raises CemError where the disk of `folder` has less than `needed` bytes to spare."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < needed + FREE_AFTERWARDS:
        wanted = (needed + FREE_AFTERWARDS) / 1e9
        raise CemError(
            f"training needs about {wanted:.1f} GB on the disk of {there}, and {free / 1e9:.1f} GB are free: "
            "make room, or write no checkpoints (checkpoint_seconds: 0)"
        )


def _step(checkpoint: Path) -> int:
    number = checkpoint.name.rpartition("-")[2]
    return int(number) if number.isdecimal() else -1


def _is_plain_archive(path: Path) -> bool:
    """Whether torch would read numbers from `path` and nothing else: a pickle in it may name any code, and a run's
    folder may be a stranger's. (torch itself would refuse to run it, and end the training.)"""
    from torch.serialization import get_unsafe_globals_in_checkpoint

    if not zipfile.is_zipfile(path):
        return False
    try:
        return all(name.startswith(NUMBERS) for name in get_unsafe_globals_in_checkpoint(path))
    except Exception:  # of a parser that is given anything
        return False


def _is_whole_safetensors(path: Path) -> bool:
    """Whether the file is as long as its header says: 8 bytes of length, the header, the numbers."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header: dict[str, Any] = parse_json(file.read(length))
    end: int = max((entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"), default=0)
    return path.stat().st_size == 8 + length + end
