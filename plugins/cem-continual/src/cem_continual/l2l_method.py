"""The course of a training by `cem_continual.l2l.L2l`."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch

from cem_continual.chosen import Chosen, pack, read_chosen, unpack
from cem_continual.counting import token_loss
from cem_continual.l2l import L2lOptions
from cem_continual.learned import Updates, constraint, filters, scores
from cem_toolkit.api import CemError, Context
from cem_trl.encoding import Encoder, Example
from cem_trl.method import Encoded, Method
from cem_trl.options import TrlOptions


class Learned(Method):
    """Steps of a learned optimiser. What it proposes is given to plain SGD as a gradient, whose learning rate bounds
    it."""

    optimizer: ClassVar[Literal["adamw", "sgd"]] = "sgd"

    def __init__(self, options: L2lOptions, updates: Updates) -> None:
        self._options, self._updates = options, updates
        self._size = updates.out.out_features
        self._steps = 0

    def order(self, encoded: Encoded, options: TrlOptions, ctx: Context) -> list[Example]:
        order = super().order(encoded, options, ctx)
        self._steps = -(-len(order) // options.batch_size)
        return order

    def begin(self, model: Any, encoder: Encoder, ctx: Context) -> None:
        """Freezes all but the block, which is taken as it is."""
        self._name, matrix = last_matrix(model, self._options.block)
        width = matrix.shape[1] // self._size * self._size
        rows = min(matrix.shape[0], self._options.size // max(width, 1))
        if not width or not rows:
            raise CemError(
                f"trainer.block: no row of {self._name} with its {matrix.shape[1]} weights is of use within "
                f"size {self._options.size}: raise size, or name another block"
            )
        for weight in model.parameters():
            weight.requires_grad_(weight is matrix)
        self._matrix, self._part = matrix, (slice(rows), slice(width))
        block = matrix.detach()[self._part]
        self._start = block.clone()
        self._scale = float(block.float().square().mean().sqrt())
        self._before = self._read_before(ctx, rows, block)
        self._kept = torch.zeros_like(self._before)

    def step(self, model: Any, examples: Sequence[Example], number: int) -> torch.Tensor:
        loss = token_loss(model, examples)
        (gradient,) = torch.autograd.grad(loss, self._matrix)
        with torch.no_grad():
            block, found = self._matrix[self._part].float(), gradient[self._part].float()
            counted = constraint(self._before, self._options.constraint, number, self._steps)
            scored = scores(found, counted, self._options.selected)
            self._kept = scored > 0
            seen = (filters(each, self._size) for each in (block, found, scored))
            updates = self._updates.to(block.device)(*seen).reshape(block.shape)
            self._matrix.grad = torch.zeros_like(self._matrix)
            self._matrix.grad[self._part] = -self._scale * updates
        return loss.detach()

    def state(self) -> Mapping[str, torch.Tensor]:
        return {"kept": self._kept}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        self._kept = state["kept"].to(self._matrix.device)

    def end(self, model: Any) -> Mapping[str, Any]:
        moved = (self._matrix.detach()[self._part] - self._start).float()
        chosen = Chosen(self._name, len(self._kept), pack(self._kept.flatten().tolist()))
        return {
            "changed_matrix": self._name,
            "changed_weights": self._kept.numel(),
            "moved": float(moved.square().mean().sqrt()) / self._scale if self._scale else 0.0,
            "selected_again": _share_of(self._kept & self._before, self._before),
            "chosen": chosen.to_json(),
        }

    def _read_before(self, ctx: Context, rows: int, block: torch.Tensor) -> torch.Tensor:
        """Which weights the round before selected: none, where there was none or it changed another block."""
        found = read_chosen(ctx.model)
        if found is not None and (found.name, found.rows) == (self._name, rows):
            weights = unpack(found.weights, block.numel())
            if weights is not None:
                return torch.tensor(weights, device=block.device).view(block.shape)
        return torch.zeros_like(block, dtype=torch.bool)


def last_matrix(model: Any, ending: str) -> tuple[str, torch.nn.Parameter]:
    """The last matrix of a linear layer whose name ends in `ending`, with the layer's name. Raises CemError where there
    is none."""
    layers = {name: layer for name, layer in model.named_modules() if isinstance(layer, torch.nn.Linear)}
    found = [name for name in layers if name.endswith(ending)]
    if not found:
        kinds = sorted({name.rpartition(".")[2] for name in layers})
        raise CemError(f"trainer.block: the model has no layer {ending!r}: choose of {', '.join(kinds)}")
    return found[-1], layers[found[-1]].get_parameter("weight")


def _share_of(part: torch.Tensor, whole: torch.Tensor) -> float | None:
    return float(part.sum() / whole.sum()) if whole.any() else None
