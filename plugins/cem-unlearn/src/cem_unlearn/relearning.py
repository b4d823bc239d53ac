"""Plain training for the audit: how fast items are learnt again, and what a model is that never saw them."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch

from cem_toolkit.api import Context, Model, normalise
from cem_trl.encoding import Encoder, Example
from cem_trl.hardware import choose_device, choose_precision
from cem_trl.models import load_model
from cem_trl.options import LEARNING_RATES
from cem_trl.passes import predictions
from cem_unlearn.forget import Item, examples, items, read_items
from cem_unlearn.options import UnlearnOptions
from cem_unlearn.reading import arithmetic


def steps_to(model: Any, chosen: Sequence[Example], loss: float, options: UnlearnOptions) -> tuple[int | None, float]:
    """How many steps of plain training on `chosen`, all in each step, bring their mean loss down to `loss`, None where
    `audit_relearn_steps` do not; and the loss before the first. `model` is then as it was."""
    first = None
    with _restored(model):
        optimizer = _optimizer(model, options)
        for number in range(options.audit_relearn_steps + 1):
            now = _train(model, chosen, optimizer, options)
            first = now if first is None else first
            if now <= loss:
                return number, first
    return None, first or 0.0


def retrained(forget: Sequence[Item], encoder: Encoder, options: UnlearnOptions, ctx: Context) -> tuple[Any, int]:
    """The model `audit_start`, tuned on the rows of `audit_retrain` that hold nothing of `forget`, and how many rows
    were left out."""
    left_out = [normalise(item.row.prompt + item.row.completion) for item in forget]
    rows = read_items(ctx.config_folder / str(options.audit_retrain), "audit_retrain")
    kept = [row for row in rows if not _holds(row.prompt + row.completion, left_out)]
    model, options = start(options, ctx).train(), _whole(options)
    told = examples(items((row, encoder.encode(row)) for row in kept))
    optimizer, chance = _optimizer(model, options), random.Random(ctx.seed)  # noqa: S311 (not for secrets)
    for _ in range(options.audit_epochs):
        chance.shuffle(told)
        for place in range(0, len(told), options.batch_size):
            _train(model, told[place : place + options.batch_size], optimizer, options)
    return model, len(rows) - len(kept)


def start(options: UnlearnOptions, ctx: Context) -> Any:
    """The model `audit_start`, on the device of the training."""
    device = choose_device(options)
    found = Model(name="start", path=ctx.config_folder / str(options.audit_start), fingerprint="")
    model = load_model(replace(ctx, model=found), _whole(options), choose_precision(options, device))
    return model.to(device)


def _train(model: Any, chosen: Sequence[Example], optimizer: Any, options: UnlearnOptions) -> float:
    """One step; returns the loss before it."""
    with arithmetic(model, options):
        logits, tokens, _ = predictions(model, chosen)
        loss = torch.nn.functional.cross_entropy(logits, tokens)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(_trained(model), options.max_grad_norm or float("inf"))
    optimizer.step()
    optimizer.zero_grad()
    return float(loss.detach())


def _optimizer(model: Any, options: UnlearnOptions) -> torch.optim.Optimizer:
    rate = options.audit_learning_rate or LEARNING_RATES[options.method]
    return torch.optim.AdamW(_trained(model), lr=rate, weight_decay=0.0)


def _whole(options: UnlearnOptions) -> UnlearnOptions:
    return options.model_copy(update={"method": "full"})


def _trained(model: Any) -> list[torch.nn.Parameter]:
    return [each for each in model.parameters() if each.requires_grad]


@contextmanager
def _restored(model: Any) -> Iterator[None]:
    """What is done to the trained weights is undone."""
    kept = [each.detach().clone() for each in _trained(model)]
    training = model.training
    try:
        yield
    finally:
        with torch.no_grad():
            for weight, before in zip(_trained(model), kept, strict=True):
                weight.copy_(before)
                weight.grad = None
        model.train(training)


def _holds(text: str, left_out: Sequence[str]) -> bool:
    said = f" {normalise(text)} "
    return any(f" {each} " in said for each in left_out)
