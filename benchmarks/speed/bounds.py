"""What this machine can do at best: matrix products in the model's shapes, and copying memory.

    python benchmarks/speed/bounds.py

A training step or a forward pass cannot be faster than its arithmetic at these rates, nor than its bytes at this one.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch

from cem_trl.head_loss import BLOCK

POSITIONS = 1024
VOCABULARY = 262_144
SHAPES = {"attention and MLP": (640, 2048), "output layer": (640, VOCABULARY)}
"""Inputs and outputs of Gemma 3 270M's largest linear layers."""
COPIED = 2**28
"""Bytes of the array that is copied: far more than the caches hold."""


def best_seconds(work: Callable[[], Any], least: float = 1.0) -> float:
    """The shortest of the repetitions that fit into `least` seconds, at least three, after one to warm up."""
    work()
    times: list[float] = []
    while len(times) < 3 or sum(times) < least:
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def gemm_rate(inputs: int, outputs: int, dtype: torch.dtype) -> float:
    """GFLOP/s of (POSITIONS, inputs) times (inputs, outputs); the output layer in pieces of 256 positions."""
    positions = POSITIONS if outputs < 100_000 else 256
    left = torch.randn(positions, inputs).to(dtype)
    weight = torch.randn(outputs, inputs).to(dtype)
    out = torch.empty(outputs, positions, dtype=dtype)
    seconds = best_seconds(lambda: torch.mm(weight, left.t(), out=out))
    return 2 * positions * inputs * outputs / seconds / 1e9


def copy_rate() -> float:
    """GB/s read and written by copying one large array over another."""
    source, target = torch.ones(COPIED, dtype=torch.uint8), torch.zeros(COPIED, dtype=torch.uint8)
    return 2 * COPIED / best_seconds(lambda: target.copy_(source)) / 1e9


def fastest(gflop: Mapping[str, float], bounds: Mapping[str, Any]) -> float:
    """Seconds in which this machine can do so many GFLOP in bfloat16, by SHAPES, at the rates that `measure` found."""
    rates = bounds["gemm_gflop_per_s"]["bfloat16"]
    return sum(each / rates[what] for what, each in gflop.items())


def shape_of(sizes: Iterable[Any]) -> str:
    """Which of SHAPES a matrix product of matrices of these sizes belongs to."""
    # The loss takes the vocabulary in blocks; no other size of the model is as large.
    large = any(isinstance(each, int) and each >= BLOCK for size in sizes for each in size)
    return "output layer" if large else "attention and MLP"


def measure() -> dict[str, Any]:
    """`gemm_gflop_per_s`: by format and shape; `copy_gb_per_s`; `threads`."""
    formats = {"bfloat16": torch.bfloat16, "float32": torch.float32}
    return {
        "threads": torch.get_num_threads(),
        "gemm_gflop_per_s": {
            name: {what: round(gemm_rate(*shape, dtype), 1) for what, shape in SHAPES.items()}
            for name, dtype in formats.items()
        },
        "copy_gb_per_s": round(copy_rate(), 2),
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
