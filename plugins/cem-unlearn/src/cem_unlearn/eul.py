"""The trainer `eul`, light to import."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from cem_toolkit.api import CemError, Context, Options, Row
from cem_unlearn.options import UnlearnOptions
from cem_unlearn.trainer import UnlearnTrainer

if TYPE_CHECKING:
    from cem_toolkit.roles import Tuned
    from cem_unlearn.unlearning_layer import UnlearningLayer


class EulOptions(UnlearnOptions):
    """Options of the trainer `eul`, with the weights that are published."""

    method: Literal["lora"] = Field("lora", description="A low-rank adapter (LoRA) for each request.")
    kl_retained: float = Field(
        0.8, ge=0, description="Weight of the KL divergence from the model without the adapter on retained rows."
    )
    kl_forgotten: float = Field(1.0, ge=0, description="Weight of the same on what is to be unlearnt, where it grows.")
    ce_retained: float = Field(1.0, ge=0, description="Weight of the loss on retained rows.")
    lm_forgotten: float = Field(
        0.2, ge=0, description="Weight of the loss on what is to be unlearnt, prompts included, where it grows."
    )
    limit: float | None = Field(
        None,
        gt=0,
        description="Nats a token up to which the two terms that grow count, text by text: they have no other end. "
        "Default: the loss of a guess among the model's whole vocabulary.",
    )
    alternate: bool = Field(
        True, description="Go through retained rows and through what is to be unlearnt in turns; or both in every step."
    )
    retained: float = Field(
        1.0, gt=0, description="Steps on retained rows in each pass, for one step on what is to be unlearnt."
    )
    epochs: int = Field(10, ge=1, description="Passes over what is to be unlearnt, for each request.")
    fusion: Literal["least squares", "mean"] = Field(
        "least squares",
        description="How the updates of several requests become one. least squares: each layer does to the inputs of a "
        "request what that request's adapter does. mean: the plain mean.",
    )
    ridge: float = Field(
        1e-3,
        gt=0,
        description="Added to the least squares of each request, as a share of the mean square of its inputs: more is "
        "nearer to the plain mean.",
    )


class Eul(UnlearnTrainer):
    """Unlearns each request by an adapter of its own, and merges them into one update by least squares.

    After EUL (Unlearning layers, arXiv 2310.20150): losses, weights, turns and fusion are the paper's; low-rank
    adapters of linear layers stand in for its bottleneck layers, so that the result is a model as any other.
    """

    name = "eul"
    version = "1"
    Options: ClassVar[type[Options]] = EulOptions
    options: EulOptions

    def check(self, ctx: Context) -> None:
        """As `UnlearnTrainer`. Raises CemError where an adapter is to be left."""
        if not self.options.merge:
            raise CemError("trainer.merge: a fused update is no adapter, so eul merges it; leave merge true")
        super().check(ctx)

    def method(self, ctx: Context) -> "UnlearningLayer":
        from cem_unlearn.unlearning_layer import UnlearningLayer

        return UnlearningLayer(self.options)

    def train(self, rows: Sequence[Row], ctx: Context) -> Mapping[str, Any]:
        """As `UnlearnTrainer`, one request after the other. The figures are of all together, with `requests`: of each
        its name, items, steps, loss_first and loss_last."""
        from cem_unlearn.requests import unlearn

        return unlearn(self.with_listed(rows, ctx), self.options, ctx, self.made_by)

    def leaves(self) -> "Tuned":
        return "model"
