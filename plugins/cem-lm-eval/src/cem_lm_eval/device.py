"""Where the model runs, and in which precision."""

from functools import cache


@cache
def choose_device(device: str) -> str:
    """`device`, or for "auto" the first GPU if there is one, else the CPU."""
    import torch

    if device != "auto":
        return device
    if torch.cuda.is_available():
        return "cuda:0"
    return "mps" if torch.backends.mps.is_available() else "cpu"


@cache
def choose_dtype(dtype: str, device: str) -> str:
    """`dtype`, or for "auto" bfloat16 where `device` computes with it natively, else float32.

    Without such instructions bfloat16 is emulated: slower than float32 and less exact, with nothing gained but memory.
    """
    import torch

    if dtype != "auto":
        return dtype
    if device.startswith("cuda"):
        native: bool = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device == "cpu":
        # Absent before torch 2.9; "bf16" is ARM's name for it.
        capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
        native = any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    else:
        native = False
    return "bfloat16" if native else "float32"
