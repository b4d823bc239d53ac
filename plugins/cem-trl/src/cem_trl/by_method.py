"""A base for trainers that train by another method than `trl`, light to import."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from cem_toolkit.api import CemError, Context, Options, Row
from cem_trl.options import TrlOptions
from cem_trl.trainer import Trl

if TYPE_CHECKING:
    from cem_trl.method import Method


class MethodOptions(TrlOptions):
    """Options of `trl`, where a step is one pass of all its rows through the model, and the result is what training
    led to."""

    interpolation: float | None = Field(
        1.0, gt=0, le=1, description="How far the result goes from the starting model to the trained one; 1: all of it."
    )
    kl: float = Field(0.0, ge=0, description="Not with a loss of another kind: leave it at 0.")
    batch_size: int = Field(8, ge=1, description="Rows per optimiser step.")

    @property
    def rows_at_once(self) -> int:
        """Rows in one pass through the model: those of a step."""
        return self.batch_size


def check_alone(trainer: Trl) -> None:
    """Raises CemError where a trainer that trains in one process is to train in several."""
    if trainer.options.processes != 1 or trainer.options.accelerate:
        raise CemError(f"trainer.processes: {trainer.name} trains in one process; leave it at 1, and accelerate out")


class MethodTrainer(Trl):
    """Trains as `trl` does, but for the loss or the gradients of each step, which are `method`'s."""

    Options: ClassVar[type[Options]] = MethodOptions

    @abstractmethod
    def method(self, ctx: Context) -> "Method":
        """A method for one training, not begun yet. Import torch here, not above."""

    def check(self, ctx: Context) -> None:
        """As `trl`. Raises CemError for several processes, and for `kl`, too."""
        check_alone(self)
        if self.options.kl:
            raise CemError(f"trainer.kl: {self.name} has a loss of its own, to which it is not added; leave it out")
        super().check(ctx)

    def fingerprint(self, ctx: Context) -> str:
        """The version of `trl`, whose training this is but for the steps."""
        return Trl.version

    @property
    def made_by(self) -> str:
        """What a checkpoint is of, so that no other kind of training goes on with it."""
        return f"{self.name} {self.version} {Trl.version}"

    def train(self, rows: Sequence[Row], ctx: Context) -> Mapping[str, Any]:
        """As `trl`, with the figures of the method."""
        return self.train_by(self.method(ctx), rows, ctx)

    def train_by(self, method: "Method", rows: Sequence[Row], ctx: Context) -> Mapping[str, Any]:
        """Trains by `method`, for trainers that have to do with it before and after."""
        from cem_trl.training import train

        return train(rows, self.options, ctx, self.made_by, method)
