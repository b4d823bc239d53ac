"""Other courses of training: what a plugin gives `MethodTrainer` in the place of a loss on each step's rows.

The optimiser, its schedule, checkpoints, precision and what is left at the end stay those of `trl`. A method says which
examples there are and in which order, and works out the loss of a step, or its gradients by itself.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback

from cem_toolkit.api import Context, Row
from cem_trl.encoding import Encoder, Example
from cem_trl.options import TrlOptions
from cem_trl.order import training_examples

KEPT = "method.safetensors"
"""In a checkpoint."""
Encoded = Sequence[tuple[Row, Sequence[Example]]]


class Method:
    """One training by one method, in one process. Attributes that steps change are a part of `state`."""

    optimizer: ClassVar[Literal["adamw", "sgd"]] = "adamw"
    """sgd adds the negative gradients times the learning rate, and nothing else."""

    def order(self, encoded: Encoded, options: TrlOptions, ctx: Context) -> list[Example]:
        """The examples of all steps, `options.batch_size` for each, in order; by default those of `trl`, which go
        through the rows `options.epochs` times."""
        return training_examples(encoded, options, ctx)

    def begin(self, model: Any, encoder: Encoder, ctx: Context) -> None:
        """Called once before the first step, and again where a training is continued: `model` is as it was at the very
        beginning. Any teacher is made of it here."""

    @abstractmethod
    def step(self, model: Any, examples: Sequence[Example], number: int) -> torch.Tensor:
        """The loss of the step `number` (from 0), which is differentiated; or one that needs no gradient, where
        those of the model's parameters are set already."""

    def done(self, model: Any, number: int) -> bool:
        """Called when so many steps are done; whether the training ends here."""
        return False

    def state(self) -> Mapping[str, torch.Tensor]:
        """What a checkpoint has to keep, besides weights and optimiser, for `restore`."""
        return {}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None: ...

    def end(self, model: Any) -> Mapping[str, Any]:
        """Called before `model` is saved, which may be changed yet. Returns figures worth keeping, among them
        `tables`."""
        return {}


class Following(TrainerCallback):  # type: ignore[misc]
    """Tells a method that a step is done, and ends the training where it says so."""

    def __init__(self, method: Method, trainer: Any) -> None:
        self._method, self._trainer = method, trainer

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        if self._method.done(self._trainer.model, state.global_step):
            control.should_training_stop = True
        return control


def save_state(method: Method, checkpoint: Path | str) -> None:
    save_file(dict(method.state()), Path(checkpoint) / KEPT)


def restore_state(method: Method, checkpoint: Path | None) -> None:
    if checkpoint is not None:
        method.restore(load_file(checkpoint / KEPT))
