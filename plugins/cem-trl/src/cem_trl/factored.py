"""AdamW in little memory: 2 bytes of state for a weight, in place of 8."""

from collections.abc import Callable, Iterable
from typing import Any

import torch

TILE_ELEMENTS = 2**18
"""Numbers worked on at once on a CPU: 1 MiB in float32, which stays in a core's cache."""
GPU_TILE_ELEMENTS = 2**24
"""The same on a GPU: temporaries of 64 MiB."""


class FactoredAdamW(torch.optim.Optimizer):
    """AdamW whose second moments of a matrix are a column times a row, as Adafactor has them.

    For a matrix, the running means of the squared gradients are kept by row and by column, and the estimate for an
    entry is their product over the mean of all: Shazeer and Stern, "Adafactor: Adaptive Learning Rates with Sublinear
    Memory Cost" (2018, arXiv 1804.04235), section 3. All else is AdamW: bias correction, decoupled weight decay, no
    relative step sizes, no clipping of updates. First moments are bfloat16; what is no matrix keeps all of its second.

    Gradients may be of a smaller format than the weights. No temporary is larger than a tile.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Updates every parameter that has a gradient."""
        if closure is not None:
            raise NotImplementedError("gradients are worked out before the step")
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group)

    def _update(self, parameter: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any]) -> None:
        state, (beta1, beta2) = self.state[parameter], group["betas"]
        if not state:
            state.update(_fresh(parameter))
        state["step"] += 1
        kept = 1 - beta2 ** state["step"]
        rows, columns = _second_moment(state, gradient, beta2)
        pace = group["lr"] / (1 - beta1 ** state["step"])
        for part in _tiles(parameter):
            grad = gradient[part].float()
            mean = state["mean"][part]
            first = mean.float().lerp_(grad, 1 - beta1)
            mean.copy_(first)
            square = state["square"][part].clone() if columns is None else rows[part] * columns
            weights = parameter[part]
            exact = weights.float()  # the weights themselves where they are float32
            exact.mul_(1 - group["lr"] * group["weight_decay"])
            exact.addcdiv_(first, square.div_(kept).sqrt_().add_(group["eps"]), value=-pace)
            if exact is not weights:
                weights.copy_(exact)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As PyTorch's own, which however turns all state into the weights' format."""
        super().load_state_dict({"state": {}, "param_groups": state_dict["param_groups"]})
        ids = [each for group in state_dict["param_groups"] for each in group["params"]]
        parameters = [each for group in self.param_groups for each in group["params"]]
        for each, parameter in zip(ids, parameters, strict=True):
            if each in state_dict["state"]:
                state = state_dict["state"][each]
                self.state[parameter] = {
                    name: value.to(parameter.device) if isinstance(value, torch.Tensor) else value
                    for name, value in state.items()
                }


def _fresh(parameter: torch.Tensor) -> dict[str, Any]:
    """The state before the first step."""
    state: dict[str, Any] = {"step": 0, "mean": torch.zeros_like(parameter, dtype=torch.bfloat16)}
    if parameter.dim() == 2:
        rows, columns = parameter.shape
        state["rows"] = torch.zeros(rows, 1, device=parameter.device)
        state["columns"] = torch.zeros(1, columns, device=parameter.device)
    else:
        state["square"] = torch.zeros_like(parameter, dtype=torch.float32)
    return state


def _second_moment(
    state: dict[str, Any], gradient: torch.Tensor, beta2: float
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Takes the gradient's squares into the running means; returns a column and a row whose product estimates them.

    Where they are not factored the column is the whole, and there is no row.
    """
    if "square" in state:
        for part in _tiles(gradient):
            grad = gradient[part].float()
            state["square"][part].mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        return state["square"], None
    sums = torch.zeros_like(state["columns"])
    for part in _tiles(gradient):
        squares = gradient[part].float().square()
        state["rows"][part].lerp_(squares.mean(1, keepdim=True), 1 - beta2)
        sums += squares.sum(0, keepdim=True)
    state["columns"].lerp_(sums / len(gradient), 1 - beta2)
    # A matrix without any gradient so far has no update either.
    return state["rows"], state["columns"] / state["rows"].mean().clamp(min=torch.finfo(torch.float32).tiny)


def _tiles(tensor: torch.Tensor) -> list[Any]:
    """Slices along the first dimension that split `tensor` into tiles."""
    if tensor.dim() == 0:
        return [...]
    elements = TILE_ELEMENTS if tensor.device.type == "cpu" else GPU_TILE_ELEMENTS
    rows = max(1, elements * len(tensor) // max(tensor.numel(), 1))
    return [slice(start, start + rows) for start in range(0, len(tensor), rows)]
