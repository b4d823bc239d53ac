"""Where the time of training goes, by kind of work; for `training.py --profile`."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import bounds
import torch

PRODUCTS = ("aten::mm", "aten::addmm", "aten::addmm_", "aten::bmm", "aten::matmul", "aten::linear")


def by_kind(work: Callable[[], Any]) -> dict[str, Any]:
    """`share` of the time that `work` spends in PyTorch's operators, those of one kind together, and the `gflop` of its
    matrix products by shape."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activities, with_flops=True, record_shapes=True) as profile:
        work()
    spent: Counter[str] = Counter()
    gflop = dict.fromkeys(bounds.SHAPES, 0.0)
    for event in profile.events():
        spent[_kind(event)] += event.self_cpu_time_total
        if event.name in PRODUCTS:
            gflop[bounds.shape_of(event.input_shapes)] += _flop(event) / 1e9
    spent.pop("", None)
    total = sum(spent.values())
    return {
        "share": {kind: round(time / total, 3) for kind, time in spent.most_common()},
        "gflop": {what: round(each, 1) for what, each in gflop.items()},
    }


def _flop(event: Any) -> float:
    """Of a matrix product; the profiler does not know those that are added in place."""
    if event.name != "aten::addmm_":
        return float(event.flops or 0)
    (rows, inner), (_, columns) = event.input_shapes[1:3]
    return 2.0 * rows * inner * columns


def _kind(event: Any) -> str:
    """What `event` belongs to by its name and those of what it is part of; "" for Python's own time around steps."""
    names = [event.name]
    while event.cpu_parent is not None:
        event = event.cpu_parent
        names.append(event.name)
    if any("HeadLoss" in name for name in names):
        product = any(name in PRODUCTS for name in names)
        return "output layer, products" if product else "output layer, softmax and copies"
    if any(name.startswith("Optimizer.step") for name in names):
        return "optimiser"
    if any("attention" in name or "flash" in name for name in names):
        return "attention"
    if any(name in PRODUCTS for name in names):
        return "linear layers, products"
    return "normalisation, activations, copies and all else" if names[0].startswith(("aten::", "autograd::")) else ""
