"""Losses of forgetting, which have no least value by themselves, and the limit that they get here."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from cem_trl.encoding import IGNORED, Example


def limit(most: float | None, model: Any) -> float:
    """`most`, or the loss in nats of a guess among all of the model's words: who knows nothing has no more."""
    return math.log(model.config.get_text_config().vocab_size) if most is None else most


def whole_texts(examples: Sequence[Example]) -> list[Example]:
    """The same with a loss on prompts too."""
    return [replace(each, labels=list(each.input_ids)) for each in examples]


def supervised(examples: Sequence[Example]) -> torch.Tensor:
    """Of all tokens of `examples` but each first, row by row, whether they have a loss."""
    return torch.tensor([label != IGNORED for each in examples for label in each.labels[1:]])
