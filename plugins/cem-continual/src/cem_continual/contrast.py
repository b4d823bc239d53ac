"""The supervised contrastive loss (Khosla et al., arXiv 2004.11362)."""

from collections.abc import Sequence
from typing import Any

import torch

from cem_trl.encoding import IGNORED, Example
from cem_trl.passes import padded


def representations(model: Any, examples: Sequence[Example]) -> torch.Tensor:
    """The last layer's state where each example's completion begins, or, of text without a prompt, where it ends:
    (examples, width), of length 1."""
    inputs = padded(examples, model.device)
    del inputs["labels"]
    states = model(**inputs, output_hidden_states=True, use_cache=False, logits_to_keep=1).hidden_states[-1]
    places = torch.tensor([_place(each) for each in examples], device=states.device)
    chosen: torch.Tensor = states[torch.arange(len(examples), device=states.device), places].float()
    return torch.nn.functional.normalize(chosen, dim=-1)


def _place(example: Example) -> int:
    prompt = next((place for place, label in enumerate(example.labels) if label != IGNORED), 0)
    return prompt - 1 if prompt > 0 else len(example.input_ids) - 1


def supervised_contrast(features: torch.Tensor, labels: Sequence[str], temperature: float) -> torch.Tensor:
    """Of `features`, (n, width) of length 1: for each that has others of its label, the mean over these of minus the
    log probability of each among all others, in nats; the mean over all such. 0 where there are none. "" is no label.
    """
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    each = torch.tensor([numbers[label] for label in labels], device=features.device)
    itself = torch.eye(len(labels), dtype=torch.bool, device=features.device)
    named = torch.tensor([bool(label) for label in labels], device=features.device)
    alike = (each[:, None] == each[None, :]) & named[:, None] & ~itself
    logs = (features @ features.T / temperature).masked_fill(itself, -torch.inf).log_softmax(-1)
    counts = alike.sum(-1)
    sums = logs.masked_fill(~alike, 0.0).sum(-1)[counts > 0] / counts[counts > 0]
    return -sums.mean() if len(sums) else features.sum() * 0.0
