"""What happens where memory does not suffice: fewer rows at once."""

import gc
from collections.abc import Callable, Mapping
from typing import Any

import torch
from accelerate.utils.memory import should_reduce_batch_size

from cem_toolkit.api import CemError, Context
from cem_trl.hardware import release_memory
from cem_trl.options import TrlOptions


class OutOfRoom(CemError):  # noqa: N818 (it says what happened)
    """Memory does not suffice for so many rows at once."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` is an allocator's, of a GPU or of the CPU."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, Exception) and should_reduce_batch_size(error)
    )


def too_small(options: TrlOptions, device: str, rows: int) -> str:
    """What to say of it when nothing else helps."""
    whose = "the GPU's memory" if device == "cuda" else "memory"
    fewer = f"micro_batch_size below {rows}, " if rows > 1 else ""
    checkpointing = "" if options.gradient_checkpointing else "gradient_checkpointing: true, "
    return (
        f"{whose} is too small for training: set {fewer}max_length below {options.max_length}, "
        f"{checkpointing}or method: lora"
    )


def with_fewer_rows(
    train: Callable[[TrlOptions], Mapping[str, Any]],
    options: TrlOptions,
    ctx: Context,
    rows_at_once: Callable[[TrlOptions], int],
) -> Mapping[str, Any]:
    """What `train` returns for `options`, or for half the micro-batch as long as it raises OutOfRoom.

    Half as many rows at once, and twice as often, are the same step but for rounding; so a checkpoint of the failed
    try is gone on from. Raises the OutOfRoom of a single row.
    """
    while True:
        rows = rows_at_once(options)
        try:
            return train(options)
        except OutOfRoom:
            if rows == 1:
                raise
        # Only here, where the error and with it the stack that holds the model are gone.
        give_back()
        options = options.model_copy(update={"micro_batch_size": rows // 2})
        ctx.log(f"memory is too small for {rows} rows at once: training goes on with {rows_at_once(options)}")


def give_back() -> None:
    """Gives the memory of a training that is over, whose model is part of reference cycles, back to all."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    release_memory()
