"""What the processes of one training agree on. Where there is one process, it agrees with itself."""

from typing import Any, TypeVar

from torch import distributed

T = TypeVar("T")


def is_first() -> bool:
    """Whether this process writes files and decides; all others follow it."""
    return _alone() or distributed.get_rank() == 0


def agreed(value: T) -> T:
    """The first process's `value`, in every process. All must ask."""
    if _alone():
        return value
    values: list[Any] = [value]
    distributed.broadcast_object_list(values, src=0)
    chosen: T = values[0]
    return chosen


def gathered(value: T) -> list[T]:
    """Every process's `value`, in every process. All must ask."""
    if _alone():
        return [value]
    values: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(values, value)
    return values


def wait_for_all() -> None:
    """Goes on when all processes have come here."""
    if not _alone():
        distributed.barrier()


def _alone() -> bool:
    return not (distributed.is_available() and distributed.is_initialized())
