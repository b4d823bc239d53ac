"""Weights between those that training began with and those that it ended with.

WiSE-FT (Wortsman et al., "Robust fine-tuning of zero-shot models", 2022, arXiv 2109.01903): on the line between the two
much of what was learnt comes early and much of what is lost comes late, so that a point between is often the best
trade.
"""

from collections.abc import Mapping
from typing import Any

import torch


def trained_adapter(model: Any, fresh: bool) -> dict[str, torch.Tensor]:
    """Copies of those adapter weights in which the result differs from the start.

    Of a fresh adapter these are the B matrices, which are 0: scaled, they scale the whole update. Of one that training
    goes on with they are both factors.
    """
    return {
        name: weight.detach().clone()
        for name, weight in model.named_parameters()
        if weight.requires_grad and (not fresh or "lora_B" in name)
    }


@torch.no_grad()
def interpolate(model: Any, start: Mapping[str, torch.Tensor], share: float) -> None:
    """Moves the weights of `model` to `start + share * (trained - start)`; those that `start` lacks stay.

    Raises ValueError where a weight has another shape than at the start.
    """
    for name, weight in model.named_parameters():
        if name in start:
            before = start[name].to(weight.device)
            if before.shape != weight.shape:
                raise ValueError(f"{name} has the shape {tuple(weight.shape)}, and had {tuple(before.shape)}")
            # Frozen embeddings are most of a small model, and moving them to where they are takes seconds.
            if before.dtype != weight.dtype or not torch.equal(before, weight):
                weight.copy_(torch.lerp(before.float(), weight.float(), share))
