"""A learned optimiser: a small transformer that reads a block of weights filter by filter, with its gradient, and says
how each weight changes.

After "Learning to Learn without Forgetting using Attention" (Vettoruzzo et al., arXiv 2408.03219); what is the paper's
and what is not stands at `cem_continual.l2l.L2l`.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

FILTER = 8
"""Weights of a filter of a language model: so many that follow one another in a row of a matrix."""
WIDTH, HEADS, LAYERS, INNER = 16, 4, 2, 64
SELECTED = 0.4
"""Share of weights, those of the highest scores, that a step changes."""
RAMP = 2 / 3
"""Of a task's steps, after which what was selected before counts in full again."""
_TINY = 1e-12


class Updates(nn.Module):
    """Maps filters with their gradients to updates: one token a filter, `LAYERS` of attention among all of them."""

    def __init__(self, size: int = FILTER, *, attention: bool = True) -> None:
        """`size` weights in a filter; without `attention` every filter stands alone (for comparison)."""
        super().__init__()
        self.attention = attention
        self.embed = nn.Sequential(nn.Linear(2 * size, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH))
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, INNER, dropout=0.0, activation="gelu", batch_first=True)
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.out = nn.Linear(WIDTH, size)

    def forward(self, weights: torch.Tensor, gradient: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Updates between -1 and 1, of the shape of all three inputs, (filters, size), and 0 where scores are.

        Weights, and gradients times scores, are seen in units of their root mean square, so that one optimiser serves
        blocks of any scale.
        """
        seen = torch.cat([_scaled(weights), _scaled(gradient * scores)], dim=1)
        alone = None if self.attention else ~torch.eye(len(seen), dtype=torch.bool, device=seen.device)
        read = self.layers(self.embed(seen).unsqueeze(0), mask=alone).squeeze(0)
        return torch.tanh(self.out(read)) * (scores > 0)


def min_max(values: torch.Tensor) -> torch.Tensor:
    """From 0 for the least to 1 for the greatest; all 1 where they are equal."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else torch.ones_like(values)


def scores(gradient: torch.Tensor, constraint: torch.Tensor | float, share: float = SELECTED) -> torch.Tensor:
    """How much each weight matters now, of the gradient's shape: the gradient's size times `constraint`, from 0 to 1,
    and 0 for all but the `share` of weights with the highest."""
    found = min_max(gradient.abs() * constraint).flatten()
    values, places = found.topk(max(1, round(share * len(found))))
    return torch.zeros_like(found).scatter(0, places, values).view_as(gradient)


def constraint(chosen: torch.Tensor, start: float, step: int, steps: int) -> torch.Tensor:
    """What a gradient counts at `step` (from 0) of `steps`: 1, and for weights that the previous task had `chosen`,
    `start` at first, which rises to 1 over the first two thirds of the steps."""
    done = min(1.0, step / (RAMP * steps))
    return torch.where(chosen, start + (1 - start) * done, 1.0)


def filters(block: torch.Tensor, size: int = FILTER) -> torch.Tensor:
    """`block`, (rows, width), as (filters, size); the width is a multiple of `size`."""
    return block.reshape(-1, size)


def load_updates(file: Path) -> Updates:
    found = Updates()
    found.load_state_dict(load_file(file))
    return found.eval().requires_grad_(False)


def save_updates(updates: Updates, file: Path) -> None:
    save_file({name: value.contiguous() for name, value in updates.state_dict().items()}, file)


def _scaled(values: torch.Tensor) -> torch.Tensor:
    return values / values.square().mean().sqrt().clamp(min=_TINY)
