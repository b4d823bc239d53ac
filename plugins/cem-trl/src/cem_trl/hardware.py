"""Where to train, and in which number formats."""

import contextlib
import ctypes
import os

import torch

from cem_toolkit.api import CemError
from cem_trl.options import TrlOptions


def prepare_memory() -> None:
    """Asks PyTorch to back large CPU tensors by huge pages; it listens until it has made its first tensor.

    Gradients of a large vocabulary come in hundreds of MB a step, and faults of small pages would take longer than the
    arithmetic.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


def release_memory() -> None:
    """Gives memory that is free back to the system, where the C library would keep it for later (glibc)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def choose_device(options: TrlOptions) -> str:
    """The device to train on: cpu, cuda or mps. Raises CemError where the wished one is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if options.device == "auto":
        return next(name for name, usable in there.items() if usable)
    if not there[options.device]:
        raise CemError(f"device {options.device} was asked for, but PyTorch sees none: use device auto")
    return options.device


def choose_precision(options: TrlOptions, device: str) -> str:
    """float32, mixed or bfloat16, as the options of those names describe them."""
    if options.precision != "auto":
        return options.precision
    return "mixed" if _fast_bfloat16(device) else "float32"


def choose_optimizer(options: TrlOptions, device: str) -> str:
    """adamw or factored-adamw, as the option describes them."""
    if options.optimizer != "auto":
        return options.optimizer
    return "adamw" if device == "cuda" else "factored-adamw"


def _fast_bfloat16(device: str) -> bool:
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device == "cpu":
        abilities = torch.cpu.get_capabilities()
        return any(abilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))
    return False
