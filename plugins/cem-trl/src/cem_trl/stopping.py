"""Early stopping: the weights of the pass after which questions that nothing trains on were answered best."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback

from cem_toolkit.api import CemError, Row, replacing
from cem_trl.encoding import Encoder, Example
from cem_trl.head_loss import slices
from cem_trl.together import agreed, is_first, wait_for_all

BEST = "best.safetensors"
"""Beside the checkpoints, and of no use without them."""
LOSS = "stopping_loss"
"""Under which name the trainer's history has it."""


def watched(rows: Sequence[Row], encoder: Encoder) -> list[Example]:
    """The examples whose loss decides. Raises CemError where there are none."""
    examples = [example for row in rows for example in encoder.encode(row)]
    if not examples:
        raise CemError(
            "early_stopping needs questions that nothing trains on: set split.stopping, such as 0.1, or leave it off"
        )
    return sorted(examples, key=lambda each: len(each.input_ids))


class EarlyStopping(TrainerCallback):  # type: ignore[misc]
    """Measures the loss after each pass, keeps the best weights on disk, and ends a training that got worse.

    Where the passes lie is taken from the number of steps: rows that are seen a fraction of a time make one of them
    longer than another, by a step at most.
    """

    def __init__(self, trainer: Any, examples: Sequence[Example], passes: int, folder: Path) -> None:
        self._trainer = trainer
        self._examples = examples
        self._passes = passes
        self._file = folder / BEST

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        step = state.global_step
        if step not in {round(state.max_steps * number / self._passes) for number in range(1, self._passes + 1)}:
            return control
        loss = agreed(mean_loss(self._trainer, self._examples, args.per_device_train_batch_size))
        self._trainer.log({LOSS: loss})
        if agreed(is_first() and not self._is_best(step, loss)):
            control.should_training_stop = True
        elif is_first():
            self._keep(step, loss)
        return control

    def take_best(self) -> int:
        """Gives the model the best pass's weights; returns the step that they are of."""
        wait_for_all()
        kept = load_file(self._file)
        with torch.no_grad():
            for name, weight in self._trained():
                weight.copy_(kept[name])
        return self._best()[0]

    def _is_best(self, step: int, loss: float) -> bool:
        best_step, best = self._best()
        # What a resumed training measured before it was interrupted is measured again.
        return best_step >= step or loss < best

    def _best(self) -> tuple[int, float]:
        if not self._file.is_file():
            return 0, float("inf")
        with safe_open(self._file, "pt") as kept:
            found = kept.metadata()
        return int(found["step"]), float(found["loss"])

    def _keep(self, step: int, loss: float) -> None:
        weights = {name: weight.detach().cpu().contiguous() for name, weight in self._trained()}
        with replacing(self._file) as beside:
            save_file(weights, beside, metadata={"step": str(step), "loss": repr(loss)})

    def _trained(self) -> list[tuple[str, torch.nn.Parameter]]:
        return [(name, weight) for name, weight in self._trainer.model.named_parameters() if weight.requires_grad]


def mean_loss(trainer: Any, examples: Sequence[Example], at_once: int) -> float:
    """Of `trainer`'s model over the examples, in nats per supervised token."""
    model, total = trainer.model, sum(example.supervised for example in examples)
    training = model.training
    model.eval()
    loss = 0.0
    with torch.no_grad(), trainer.compute_loss_context_manager():
        for part in slices(len(examples), at_once):
            made = trainer.data_collator([{"input_ids": e.input_ids, "labels": e.labels} for e in examples[part]])
            inputs = trainer._prepare_inputs(made)
            loss += float(trainer.compute_loss(model, inputs, num_items_in_batch=total))
    model.train(training)
    return loss
