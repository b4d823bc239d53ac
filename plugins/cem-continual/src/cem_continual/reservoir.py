"""A sample of a stream of unknown length, in which all that ever came is equally likely to be."""

from collections.abc import Iterable, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


def reservoir(kept: Sequence[T], seen: int, new: Iterable[T], size: int, chance: Random) -> tuple[list[T], int]:
    """`kept`, a uniform sample of `seen`, with the `new` ones offered to it, and how many were seen by then. At most
    `size` are kept. (Vitter's algorithm R, 1985.)"""
    held = list(kept) if len(kept) <= size else chance.sample(list(kept), size)
    for each in new:
        seen += 1
        if len(held) < size:
            held.append(each)
        elif (place := chance.randrange(seen)) < size:
            held[place] = each
    return held, seen
