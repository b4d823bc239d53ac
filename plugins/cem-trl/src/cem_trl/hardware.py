"""Where to train, and in which number formats."""

import contextlib
import ctypes
from typing import Any

import torch

from cem_toolkit.api import CemError
from cem_trl.options import TrlOptions

ACTIVATION_BYTES = 4 * 34
"""For a token in a layer and a unit of its width. Korthikanti et al., "Reducing Activation Recomputation in Large
Transformer Models" (2022, arXiv 2205.05198), count 34 in 16 bits; here some are in 32, and layers differ."""


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


def choose_optimizer(options: TrlOptions, device: str, sharded: bool = False) -> str:
    """adamw or factored-adamw, as the option describes them; of matrices that are `sharded` no whole rows are there."""
    if options.optimizer != "auto":
        return options.optimizer
    return "adamw" if device == "cuda" or sharded else "factored-adamw"


def choose_checkpointing(options: TrlOptions, device: str, network: Any, tokens: int) -> bool:
    """Whether activations are computed again, as the option describes it; a batch has `tokens` tokens at most."""
    if options.gradient_checkpointing is not None:
        return options.gradient_checkpointing
    if device != "cuda":
        return True
    config = network.config.get_text_config()
    width, layers = getattr(config, "hidden_size", None), getattr(config, "num_hidden_layers", None)
    if width is None or layers is None:
        return True
    weights = sum(parameter.numel() for parameter in network.parameters())
    logits = tokens * network.get_output_embeddings().weight.shape[0]
    # Weights, gradients and two moments in float32; logits, should the loss work all of them out, with two copies.
    needed = ACTIVATION_BYTES * tokens * width * layers + 16 * weights + 12 * logits
    free, _ = torch.cuda.mem_get_info()
    return bool(needed > free)


def _fast_bfloat16(device: str) -> bool:
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device == "cpu":
        abilities = torch.cpu.get_capabilities()
        return any(abilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))
    return False
