"""Several updates of the same layers as one, which does to each update's own inputs what that update does.

For a linear layer with updates W_i, learnt on the inputs X_i, the fused update W brings the sum over i of
|X_i W - X_i W_i|² to its least: W = (sum X_i'X_i)^-1 sum X_i'X_i W_i (EUL, arXiv 2310.20150). To each X_i'X_i a ridge
is added here, so that there is an inverse; what no input tells is then a mean of the updates.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from cem_toolkit.api import CemError
from cem_trl.encoding import Example

ROOM = 2**28
"""Numbers that are held at once while inputs are added up, at most, but for those of one layer: 2 GiB."""


class LeastSquares:
    """The fused update of one layer, request by request."""

    def __init__(self, ridge: float) -> None:
        """`ridge` is a share of the mean square of a request's inputs."""
        self._ridge = ridge
        self._grams: torch.Tensor | float = 0.0
        self._products: torch.Tensor | float = 0.0

    def add(self, gram: torch.Tensor, update: torch.Tensor) -> None:
        """One request's X'X, (inputs, inputs), and its update, (inputs, outputs)."""
        gram = gram.double()
        ridge = self._ridge * gram.diagonal().mean()
        gram.diagonal().add_(ridge.clamp(min=torch.finfo(torch.float32).tiny))
        self._grams = self._grams + gram
        self._products = self._products + gram @ update.double()

    def solve(self) -> torch.Tensor:
        """(inputs, outputs), in float32. Needs one request at least."""
        solved: torch.Tensor = torch.linalg.solve(self._grams, self._products)
        return solved.float()


@contextmanager
def input_grams(layers: Mapping[str, Any]) -> Iterator[dict[str, torch.Tensor]]:
    """By name X'X, (inputs, inputs), of all that goes into each of `layers` while this is open."""
    grams: dict[str, torch.Tensor] = {}

    def add(name: str, layer: Any, given: tuple[torch.Tensor, ...]) -> None:
        inputs = given[0].detach().flatten(0, -2).float()
        gram = inputs.T @ inputs
        grams[name] = grams[name] + gram if name in grams else gram

    hooks = [layer.register_forward_pre_hook(partial(add, name)) for name, layer in layers.items()]
    try:
        yield grams
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def fused(model: Any, requests: Mapping[str, Sequence[Example]], ridge: float, room: int = ROOM) -> dict[str, Any]:
    """By the name of each adapted layer its fused update, (inputs, outputs), on the CPU.

    `model` has a LoRA adapter for each request, named alike; X_i is what goes into the layer with the request's own
    adapter on, token by token. The requests are read once for every group of layers that fits `room`. Raises CemError
    for layers that are not linear.
    """
    model.eval()
    adapted = adapted_layers(model)
    if len(requests) == 1:
        only = next(iter(requests))
        return {name: _update(layer, only).cpu() for name, layer in adapted.items()}
    found: dict[str, Any] = {}
    for group in _groups(adapted, room):
        squares = {name: LeastSquares(ridge) for name in group}
        for request, examples in requests.items():
            model.set_adapter(request)
            with input_grams({name: adapted[name] for name in group}) as grams:
                for each in examples:
                    model(input_ids=torch.tensor([each.input_ids], device=model.device), use_cache=False)
            for name, gram in grams.items():
                squares[name].add(gram.cpu(), _update(adapted[name], request).cpu())
        found |= {name: squares[name].solve() for name in group}
    return found


@torch.no_grad()
def mean_of(model: Any, requests: Sequence[str]) -> dict[str, Any]:
    """As `fused`, but the plain mean of the updates: what fusion is set against."""
    layers = adapted_layers(model)
    return {
        name: torch.stack([_update(layer, each).cpu() for each in requests]).mean(0) for name, layer in layers.items()
    }


@torch.no_grad()
def with_updates(model: Any, updates: Mapping[str, torch.Tensor]) -> Any:
    """The model below `model`'s adapters, with `updates` in its weights and without the adapters."""
    for name, layer in adapted_layers(model).items():
        weight, update = layer.get_base_layer().weight, updates[name]
        added = weight.float() + (update if layer.fan_in_fan_out else update.T).to(weight.device)
        weight.copy_(added)
    return model.unload()


def adapted_layers(model: Any) -> dict[str, Any]:
    """The layers of `model` with LoRA adapters, by name. Raises CemError for one that is not linear."""
    from peft.tuners.lora import LoraLayer
    from transformers.pytorch_utils import Conv1D

    layers = {name: module for name, module in model.named_modules() if isinstance(module, LoraLayer)}
    for name, layer in layers.items():
        if not isinstance(layer.get_base_layer(), torch.nn.Linear | Conv1D):
            kind = type(layer.get_base_layer()).__name__
            raise CemError(f"trainer.lora_targets: updates of {name} cannot be fused, it is {kind}: name linear layers")
    return layers


def _update(layer: Any, adapter: str) -> torch.Tensor:
    """What the adapter adds to the weights, (inputs, outputs)."""
    added: torch.Tensor = layer.get_delta_weight(adapter).float()
    return added if layer.fan_in_fan_out else added.T


def _groups(layers: Mapping[str, Any], room: int) -> Iterator[list[str]]:
    """Names of layers, in order, whose sums fit into `room` together; or of one alone."""
    group: list[str] = []
    taken = 0
    for name, layer in layers.items():
        # X'X of a request, its sum in float64 and that of the products.
        size = 3 * layer.in_features**2 + 2 * layer.in_features * layer.out_features
        if group and taken + size > room:
            yield group
            group, taken = [], 0
        group.append(name)
        taken += size
    if group:
        yield group
