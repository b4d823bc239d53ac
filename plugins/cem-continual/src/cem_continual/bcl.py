"""The trainer `bcl`, light to import."""

from collections.abc import Sequence
from itertools import groupby
from random import Random
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from cem_continual.memory import Kept, Memory, place
from cem_continual.remembering import Remembering, RememberingOptions
from cem_toolkit.api import Context, Options, Row

if TYPE_CHECKING:
    from cem_continual.counting import Counting

EPISODIC, GENERALIZATION = "episodic", "generalization"


class BclOptions(RememberingOptions):
    """Options of `bcl`. A step is one step of `beta` towards what its inner and outer steps led to, all by SGD."""

    generalization: float = Field(
        0.2, ge=0, lt=1, description="Share of the memory that only outer steps see; the rest is for inner steps."
    )
    replay: float = Field(1.0, ge=0, description="Rows of a memory that a step draws, for each row of its own.")
    inner_steps: int = Field(2, ge=1, description="Inner SGD steps, each on the step's rows and the episodic memory.")
    beta: float = Field(
        1.0, gt=0, le=1, description="How far a step goes towards what its inner and outer steps led to."
    )
    memory_strength: float = Field(
        10.0, ge=0, description="Weight of the KL divergence from the predictions stored with the episodic memory."
    )
    temperature: float = Field(5.0, gt=0, description="Of those predictions.")
    learning_rate: float = Field(0.1, gt=0, description="Of inner and outer steps.")
    max_grad_norm: float = Field(
        1.0,
        ge=0,
        description="Gradients of inner and outer steps are scaled down to this norm; 0 leaves them as they are.",
    )
    schedule: Literal["cosine", "linear", "constant"] = Field(
        "constant", description="Course of beta after the warm-up: constant, or down to 0 by the last step."
    )
    warmup_ratio: float = Field(0.0, ge=0, lt=1, description="Share of the steps in which beta rises from 0.")

    @property
    def peak_learning_rate(self) -> float:
        """What the optimiser multiplies the way from start to end of a step by."""
        return self.beta

    @model_validator(mode="after")
    def _unclipped(self) -> Self:
        """The optimiser's own clipping, which is of the whole way, must never come to bear."""
        if self.max_grad_norm and self.learning_rate * (self.inner_steps + 1) > 1:
            raise ValueError("learning_rate times (inner_steps + 1) is at most 1, or max_grad_norm is 0")
        return self


class Bcl(Remembering):
    """After Bilevel Continual Learning (Pham et al., arXiv 2007.15553): inner steps learn the new rows with an episodic
    memory, an outer step improves what that led to on a generalization memory that they do not see."""

    name = "bcl"
    version = "1"
    Options: ClassVar[type[Options]] = BclOptions

    def method(self, ctx: Context) -> "Counting":
        from cem_continual.bcl_method import Bilevel

        return Bilevel(self.options, place(ctx.model))

    def remember(self, past: Memory, rows: Sequence[Row], ctx: Context) -> Memory:
        """Two memories with no row in common. Each is divided evenly among the rounds, which keep their latest."""
        new = {row.id: row for row in rows}
        earlier = [each for each in past.kept if each.row.id not in new]
        chance = Random(f"{ctx.seed}/{ctx.round}/memory")  # noqa: S311 (not for secrets)
        shuffled = chance.sample(list(new.values()), len(new))
        outer = {row.id for row in shuffled[: round(self.options.generalization * len(new))]}
        now = [Kept(row, ctx.round, GENERALIZATION if row.id in outer else EPISODIC) for row in shuffled]
        held_out = round(self.options.generalization * self.options.memory)
        sizes = {EPISODIC: self.options.memory - held_out, GENERALIZATION: held_out}
        kept = [each for part, size in sizes.items() for each in latest([*earlier, *now], part, size)]
        return Memory(self.name, tuple(kept), past.seen + len(new))


def latest(offered: Sequence[Kept], part: str, size: int) -> list[Kept]:
    """Of what was offered to a memory the last of each round, the same number of each, `size` at most."""
    mine = sorted((each for each in offered if each.part == part), key=lambda each: each.round)
    rounds = [list(found) for _, found in groupby(mine, key=lambda each: each.round)]
    share = size // max(len(rounds), 1)
    return [each for found in rounds for each in found[max(0, len(found) - share) :]]
