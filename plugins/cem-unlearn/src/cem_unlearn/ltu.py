"""The trainer `ltu`, light to import."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from cem_toolkit.api import CemError, Context, Options
from cem_unlearn.forget import read_items
from cem_unlearn.options import UnlearnOptions
from cem_unlearn.trainer import UnlearnTrainer

if TYPE_CHECKING:
    from cem_unlearn.meta import LearningToUnlearn

MEASURED = ("audit_unseen", "audit_members")
"""Files of the audit whose texts the training must not know."""


class LtuOptions(UnlearnOptions):
    """Options of the trainer `ltu`."""

    unseen: Path | None = Field(
        None,
        description="A JSONL file as forget is one, of texts like those to unlearn that the model has never seen: what "
        "the training's membership-inference models learn from. None of them may be in audit_unseen.",
    )
    feedback: Literal["membership", "loss"] = Field(
        "membership",
        description="What tells how well the model forgot. membership: models that infer whether it was trained on a "
        "text. loss: the loss on the text, which is to rise.",
    )
    attacks: int = Field(6, ge=1, description="Membership-inference models, each learnt from its own half of texts.")
    remaining: int = Field(
        64, ge=2, description="Retained rows that are looked at in training, drawn once: a small part of them will do."
    )
    forget_weight: float = Field(
        1.0, ge=0, description="What the gradient of forgetting counts beside that of remembering."
    )
    inner_learning_rate: float = Field(
        0.01, ge=0, description="Of the step of unlearning that is tried before each step. 0: the weights as they are."
    )
    first_order: bool = Field(
        False,
        description="Take the gradients at the tried weights for those at the weights themselves: half the memory and "
        "time, for large models.",
    )
    harmonise: Literal["forget", "remember", "both", "none"] = Field(
        "forget", description="Which of two conflicting gradients loses the part that is against the other."
    )
    limit: float | None = Field(
        None,
        gt=0,
        description="Nats a token up to which a text's rising loss counts. Default: the loss of a guess among the "
        "model's whole vocabulary.",
    )
    epochs: int = Field(10, ge=1, description="Passes over what is to be unlearnt; half of each step's rows are of it.")
    batch_size: int = Field(8, ge=2, description="Rows per optimiser step, half of them to be unlearnt.")
    gradient_checkpointing: Literal[False] = Field(
        False, description="Activations are kept: the tried weights are gone when they would be computed again."
    )


class Ltu(UnlearnTrainer):
    """Learns to unlearn: each step is judged by what a step of unlearning would lead to.

    After LTU (learning to unlearn, arXiv 2407.10494), known from its abstract.
    """

    name = "ltu"
    version = "1"
    Options: ClassVar[type[Options]] = LtuOptions
    options: LtuOptions

    def method(self, ctx: Context) -> "LearningToUnlearn":
        from cem_unlearn.meta import LearningToUnlearn

        return LearningToUnlearn(self.options, ctx)

    def check(self, ctx: Context) -> None:
        """As `UnlearnTrainer`. Raises CemError, too, where the training would know the texts that the audit measures
        by, or lacks texts to learn from."""
        super().check(ctx)
        if self.options.feedback != "membership":
            return
        if self.options.unseen is None:
            raise CemError(
                "trainer.unseen is missing: membership is told by texts that the model has never seen; name a JSONL "
                "file of some, or take feedback: loss"
            )
        known = {(row.prompt, row.completion) for row in read_items(ctx.config_folder / self.options.unseen, "unseen")}
        if len(known) < 2:
            raise CemError("trainer.unseen has one text: membership is told by two at least")
        for option in MEASURED:
            path = getattr(self.options, option)
            if path and any(
                (row.prompt, row.completion) in known for row in read_items(ctx.config_folder / path, option)
            ):
                raise CemError(f"trainer.unseen and trainer.{option} share texts: what trains must not measure, too")

    def _files(self, ctx: Context) -> list[tuple[str, Path]]:
        unseen = [("unseen", ctx.config_folder / self.options.unseen)] if self.options.unseen else []
        return [*super()._files(ctx), *unseen]
