"""In which order the examples are seen."""

import math
import random
from collections.abc import Sequence

from cem_toolkit.api import CemError, Context, Row
from cem_trl.encoding import Example
from cem_trl.options import TrlOptions


def training_order(
    encoded: Sequence[tuple[Row, Sequence[Example]]], *, epochs: int, batch_size: int, seed: int
) -> list[Example]:
    """All epochs' examples, one after the other, each epoch shuffled anew.

    A row is seen `weight` times an epoch; the fraction decides, by chance, whether once more. Consecutive runs of
    `batch_size` examples are one optimiser step; within a step the examples go by length, so that those
    padded together differ little: the step's gradient is the same in any order.
    """
    for row, _ in encoded:
        if not (math.isfinite(row.weight) and row.weight >= 0):
            raise CemError(f"row {row.id} has the weight {row.weight}: it must be a number from 0")
    order: list[Example] = []
    for epoch in range(epochs):
        chance = random.Random(f"{seed}/{epoch}")  # noqa: S311 (not for secrets)
        times = [int(row.weight) + (chance.random() < row.weight % 1) for row, _ in encoded]
        seen = [example for (_, examples), count in zip(encoded, times, strict=True) for example in [*examples] * count]
        chance.shuffle(seen)
        order += seen
    steps = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    return [example for step in steps for example in sorted(step, key=lambda each: len(each.input_ids))]


def training_examples(
    encoded: Sequence[tuple[Row, Sequence[Example]]], options: TrlOptions, ctx: Context
) -> list[Example]:
    """The examples of all epochs in training order. Raises CemError where there is nothing to learn."""
    order = training_order(encoded, epochs=options.epochs, batch_size=options.batch_size, seed=ctx.seed)
    if not order:
        rows = len(encoded)
        why = f"none of {rows} rows has text to learn and a weight above 0" if rows else "there are no rows"
        raise CemError(f"nothing to train on: {why}")
    return order
