"""Which process sees which rows of a step."""

from collections.abc import Sequence

from cem_trl.encoding import IGNORED, Example

NOTHING = Example([0], [IGNORED])
"""Fills a batch up: a token without a label, which adds nothing to loss or gradient."""


def deal(order: Sequence[Example], batch_size: int, rows: int, batches: int) -> list[Example]:
    """`order` with every step, of `batch_size` examples or, the last one, fewer, filled up to `batches` of `rows`.

    accelerate gives batches to processes by turns. So each step is one step in any number of processes, no example is
    seen twice, and as the examples of a step go by length, processes have about as much to do at a time.
    """
    dealt: list[Example] = []
    for start in range(0, len(order), batch_size):
        step = order[start : start + batch_size]
        bounds = [round(number * len(step) / batches) for number in range(batches + 1)]
        for number in range(batches):
            batch = step[bounds[number] : bounds[number + 1]]
            dealt += [*batch, *[NOTHING] * (rows - len(batch))]
    return dealt
