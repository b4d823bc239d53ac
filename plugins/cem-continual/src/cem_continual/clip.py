"""The mixer and the trainer `clip`, light to import."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from cem_continual.over_cem import OverCem, OverCemOptions
from cem_toolkit.api import Attempt, CemError, Context, Mistake, Options, Passage, Row
from cem_trl.by_method import MethodOptions, MethodTrainer

if TYPE_CHECKING:
    from cem_trl.method import Method


class ClipMixer(OverCem):
    """The rows of `cem` from easy to hard: by the model's own loss on each row's completion, in nats a token. The
    trainer `clip` goes by this order; others shuffle rows."""

    name = "clip"
    version = "1"
    Options: ClassVar[type[Options]] = OverCemOptions

    def mix(
        self, passages: Sequence[Passage], mistakes: Sequence[Mistake], attempts: Sequence[Attempt], ctx: Context
    ) -> Iterator[Row]:
        rows = self.mixed(passages, mistakes, attempts, ctx)
        if rows:
            yield from easy_to_hard(rows, ctx)


def easy_to_hard(rows: Sequence[Row], ctx: Context) -> list[Row]:
    """`rows` by `ctx.score`. Raises CemError where the run's evaluator cannot score text."""
    try:
        scores = ctx.score([(row.prompt, [row.completion]) for row in rows])
    except NotImplementedError as error:
        raise CemError(f"mixer clip needs to know how hard rows are: {error}") from None
    lengths = ctx.count_tokens([row.completion for row in rows])
    hard = {row.id: -score / max(length, 1) for row, (score,), length in zip(rows, scores, lengths, strict=True)}
    return sorted(rows, key=lambda row: hard[row.id])


class ClipOptions(MethodOptions):
    """Options of the trainer `clip`."""

    begin: float = Field(
        0.3,
        gt=0,
        le=1,
        description="Share of the rows, the first ones in the mixer's order, that training begins with.",
    )
    paced: float = Field(
        0.5, gt=0, le=1, description="Share of the steps in which the rows that it takes grow to all of them."
    )
    prune: float = Field(
        0.1, ge=0, lt=1, description="Share of the rows seen so far that leaves whenever rows leave. 0: none ever."
    )
    prune_every: float = Field(
        1.0, gt=0, description="Epochs, of so many steps as all rows make, after which rows leave."
    )
    floor: float = Field(0.4, gt=0, le=1, description="Share of the rows that stays, at least.")
    leaving: Literal["least-loss", "random"] = Field(
        "least-loss",
        description="Which rows leave: those of the least loss when last seen; random: any, to measure that against.",
    )


class Clip(MethodTrainer):
    """After CLIP, a curriculum with iterative data pruning (Khan, Hamila and Menouar, arXiv 2212.01452).

    Training begins with the first rows in the mixer's order, takes more of them step by step, and leaves out those that
    it has learnt. A row's weight counts in the number of steps alone."""

    name = "clip"
    version = "1"
    Options: ClassVar[type[Options]] = ClipOptions

    def method(self, ctx: Context) -> "Method":
        from cem_continual.clip_method import Pruning

        return Pruning(self.options)
