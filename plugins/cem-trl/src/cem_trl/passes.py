"""Passes of examples through a model, for methods that work out losses of their own."""

from collections.abc import Sequence
from typing import Any

import torch

from cem_trl.encoding import IGNORED, Example


def padded(examples: Sequence[Example], device: torch.device | str = "cpu") -> dict[str, torch.Tensor]:
    """`input_ids`, `attention_mask` and `labels`, each (examples, tokens of the longest), padded on the right."""
    shape = len(examples), max(len(each.input_ids) for each in examples)
    ids, mask = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
    labels = torch.full(shape, IGNORED)
    for row, each in enumerate(examples):
        ids[row, : len(each.input_ids)] = torch.tensor(each.input_ids)
        mask[row, : len(each.input_ids)] = 1
        labels[row, : len(each.labels)] = torch.tensor(each.labels)
    return {"input_ids": ids.to(device), "attention_mask": mask.to(device), "labels": labels.to(device)}


def predictions(model: Any, examples: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of all tokens with loss, row by row: the logits (tokens, vocabulary) in float32 by which `model` predicts them,
    the tokens themselves, and the number of each one's example, both (tokens,)."""
    inputs = padded(examples, model.device)
    labels = inputs.pop("labels")[:, 1:]
    wanted = labels != IGNORED
    logits = model(**inputs, use_cache=False).logits[:, :-1]
    return logits[wanted].float(), labels[wanted], wanted.nonzero()[:, 0]


def example_means(values: torch.Tensor, rows: torch.Tensor, count: int) -> torch.Tensor:
    """The mean of the tokens' `values` for each of `count` examples; `rows` as of `predictions`."""
    sums = values.new_zeros(count).index_add(0, rows, values)
    return sums / values.new_zeros(count).index_add(0, rows, torch.ones_like(values)).clamp(min=1)


def example_losses(model: Any, examples: Sequence[Example]) -> torch.Tensor:
    """The mean loss of each example over its tokens, in nats."""
    logits, tokens, rows = predictions(model, examples)
    losses = torch.nn.functional.cross_entropy(logits, tokens, reduction="none")
    return example_means(losses, rows, len(examples))
