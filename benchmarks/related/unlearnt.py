"""One try of a trainer that unlearns, on the canaries: what the scripts `icu.py`, `eul.py` and `ltu.py` share."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from canaries import World, make_world, measures

from cem_toolkit.api import Model, Row
from cem_toolkit.models import fingerprint
from cem_toolkit.testing import make_context

BEYOND = "forget loss above never"
"""In nats per token, against the model that never saw them: above 0 is overshoot, below 0 is not forgotten yet."""


@cache
def world(seed: int) -> World:
    return make_world(seed)


@cache
def known(seed: int, model: str) -> Mapping[str, float]:
    return measures(getattr(world(seed), model), world(seed))


def figures(model: Model, seed: int) -> dict[str, float]:
    """`measures`, with what retraining without the forgotten canaries comes to as the mark."""
    found = measures(model, world(seed))
    return {**found, BEYOND: found["forget loss"] - known(seed, "never")["forget loss"]}


def as_it_is(model: str) -> Callable[[int], Mapping[str, float]]:
    """A variant that is one of the canaries' own models."""

    def tried(seed: int) -> Mapping[str, float]:
        found = known(seed, model)
        return {**found, BEYOND: found["forget loss"] - known(seed, "never")["forget loss"]}

    return tried


def unlearn(
    trainer: Any, rows: Sequence[Row], start: Model, folder: Path, seed: int
) -> tuple[Model, Mapping[str, Any]]:
    """The model that `trainer` makes of `start`, in `folder`, and its figures."""
    ctx = make_context(folder, model=start, seed=seed)
    trainer.check(ctx)
    told = trainer.train(rows, ctx)
    return Model(name="unlearnt", path=ctx.folder / "model", fingerprint=fingerprint(ctx.folder / "model")), told


def variant(trainer: type[Any], **options: Any) -> Callable[[int], Mapping[str, float]]:
    """A variant that is one training with these options."""

    def tried(seed: int) -> Mapping[str, float]:
        with tempfile.TemporaryDirectory() as folder:
            made = trainer(trainer.Options(**options))
            model, _ = unlearn(made, world(seed).rows(), world(seed).memorised, Path(folder), seed)
            return figures(model, seed)

    return tried
