"""What is looked at before a training starts, without reading weights."""

from pathlib import Path
from typing import Any

from cem_toolkit.api import Context
from cem_trl.checkpoints import check_space, keeps_checkpoints
from cem_trl.hardware import choose_device, choose_optimizer
from cem_trl.layout import Layout
from cem_trl.models import check_adapter, stored_dtype, stored_numbers, usable_tokenizer
from cem_trl.options import TrlOptions
from cem_trl.quiet import quiet


def start(options: TrlOptions, ctx: Context, layout: Layout) -> tuple[str, Any]:
    """The device to train on and the model's tokenizer, when all else is as it must be, too. Raises CemError."""
    device = choose_device(options)
    with quiet():
        tokenizer = usable_tokenizer(ctx)
    stored_dtype(ctx.model.path)
    check_adapter(options, ctx.model)
    check_space(ctx.folder, space_needed(ctx.model.path, options, device, layout))
    return device, tokenizer


def space_needed(model: Path, options: TrlOptions, device: str, layout: Layout) -> int:
    """Bytes on disk: the result, and two checkpoints (a new one is whole before the old one goes)."""
    numbers = stored_numbers(model)
    stored = sum(file.stat().st_size for file in model.glob("*.safetensors"))
    result = 0 if options.method == "lora" and not options.merge else stored
    # Weights and the optimiser's moments, both in the weights' format or one in bfloat16; of adapters they are small
    # enough for the reserve. FSDP's checkpoints have the weights twice.
    weight = 2 if options.precision == "bfloat16" else 4
    moments = 2 if choose_optimizer(options, device, layout.sharded) == "factored-adamw" else 2 * weight
    again = weight if layout.sharded else 0
    checkpoint = 0 if options.method == "lora" else numbers * (weight + moments + again)
    best = numbers * weight if options.early_stopping and options.method == "full" else 0
    return result + best + (2 * checkpoint if keeps_checkpoints(options, layout) else 0)
