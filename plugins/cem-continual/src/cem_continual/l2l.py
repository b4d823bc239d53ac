"""The trainer `l2l`, light to import."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from cem_continual.chosen import FILE, chosen_file, read_chosen
from cem_continual.memory import FOLDER
from cem_toolkit.api import CemError, Context, Options, Row, file_hash, replacing
from cem_trl.by_method import MethodOptions, MethodTrainer

if TYPE_CHECKING:
    from cem_trl.method import Method

LEARNED = Path(__file__).with_name("learned.safetensors")
"""The optimiser's own weights, made by benchmarks/related/l2l_meta.py."""


class L2lOptions(MethodOptions):
    """Options of `l2l`, besides those of `trl`, some of which have another default or another sense."""

    block: str = Field(
        "down_proj",
        min_length=1,
        description="The matrix that is changed: the last of the model whose name ends in this. All else stays.",
    )
    size: int = Field(
        4096, ge=64, description="Weights that are changed, at most: the first rows of the matrix that hold so many."
    )
    learning_rate: float = Field(
        0.5,
        gt=0,
        description="What a weight changes in a step, at most, in units of the root mean square of the changed weights "
        "at the start.",
    )
    selected: float = Field(
        0.4, gt=0, le=1, description="Share of these weights that a step changes: those of the highest scores."
    )
    constraint: float = Field(
        0.8,
        ge=0,
        le=1,
        description="What the gradients of weights count at first that the round before had selected; it rises to 1 "
        "over two thirds of the steps.",
    )
    schedule: Literal["cosine", "linear", "constant"] = Field(
        "constant", description="Course of learning_rate: constant, or as trl's."
    )
    warmup_ratio: float = Field(0.0, ge=0, lt=1, description="Share of the steps in which learning_rate rises from 0.")
    max_grad_norm: float = Field(0.0, ge=0, description="0: updates are bounded by learning_rate alone.")


class L2l(MethodTrainer):
    """Lets a learned optimiser, a small transformer with weights of its own, change a block of the model: after
    Learning to Learn without Forgetting using Attention (Vettoruzzo et al., arXiv 2408.03219).

    As there: one token a filter, attention among all tokens (width 16, 4 heads, 2 layers), bounded updates by tanh,
    min-max scaled scores of which the upper 40 % are kept, and gradients of the previous task's weights that count 0.8
    at first and 1 after two thirds of the steps.

    Otherwise: the paper's optimiser is trained on with every task, and so are its network's other weights; here it is
    meta-trained once, on streams of texts, and ships with the plugin, and all other weights stay. A filter is eight
    weights that follow one another in a row of a matrix. Tokens hold each weight's gradient times its score, not the
    filter's mean score alone; scores are of the gradient's size, not its signed value; and what was not selected does
    not change. There is no encoding of the task, and none of a filter's place, so that the optimiser serves blocks of
    any size.
    """

    name, version = "l2l", "1"
    Options: ClassVar[type[Options]] = L2lOptions

    def check(self, ctx: Context) -> None:
        """As `trl`. Raises CemError for adapters too, and where the model's record of the round before is damaged."""
        if self.options.method == "lora":
            raise CemError("trainer.method: l2l changes a part of the model's own weights: set method to full")
        super().check(ctx)
        read_chosen(ctx.model)

    def fingerprint(self, ctx: Context) -> str:
        """Of the optimiser's weights, and of what the round before selected, too."""
        files = (LEARNED, chosen_file(ctx.model))
        return " ".join([super().fingerprint(ctx), *(file_hash(file) for file in files if file.is_file())])

    def method(self, ctx: Context) -> "Method":
        from cem_continual.l2l_method import Learned
        from cem_continual.learned import load_updates

        return Learned(self.options, load_updates(LEARNED))

    def train(self, rows: Sequence[Row], ctx: Context) -> Mapping[str, Any]:
        """As `trl`. Leaves with the model which weights were selected last, for the next round."""
        figures = dict(super().train(rows, ctx))
        chosen = figures.pop("chosen")
        with replacing(ctx.folder / "model" / FOLDER / FILE) as beside:
            beside.write_text(json.dumps(chosen) + "\n", encoding="utf-8")
        return figures
