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
    return [replace(each, labels=_with_prompt(each)) for each in examples]


def supervised(examples: Sequence[Example]) -> torch.Tensor:
    """Of the tokens with loss of `whole_texts(examples)`, in the order of `predictions`, whether they have one in
    `examples`."""
    both = zip(examples, whole_texts(examples), strict=True)
    labels = (
        (own, label) for each, whole in both for own, label in zip(each.labels[1:], whole.labels[1:], strict=True)
    )
    return torch.tensor([own != IGNORED for own, label in labels if label != IGNORED])


def _with_prompt(example: Example) -> list[int]:
    asked = next((number for number, label in enumerate(example.labels) if label != IGNORED), 0)
    return [*example.input_ids[:asked], *example.labels[asked:]]
