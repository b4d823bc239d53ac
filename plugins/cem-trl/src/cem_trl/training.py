"""One training run, from rows to the trained model's folder."""

import gc
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from cem_toolkit.api import CemError, Context, Row, content_id
from cem_trl.anchor import KEPT, Anchor
from cem_trl.checkpoints import check_space, open_checkpoints
from cem_trl.encoding import Encoder, Example
from cem_trl.figures import figures
from cem_trl.hardware import choose_device, choose_optimizer, choose_precision, release_memory
from cem_trl.interpolation import interpolate, trained_adapter
from cem_trl.models import check_adapter, load_start, stored_dtype, stored_numbers, usable_tokenizer
from cem_trl.options import TrlOptions
from cem_trl.order import training_order
from cem_trl.prepare import make_trainer
from cem_trl.quiet import quiet
from cem_trl.result import save_adapter, save_model
from cem_trl.sft import Sft
from cem_trl.stopping import EarlyStopping, watched
from cem_trl.watch import Watch


def check(options: TrlOptions, ctx: Context) -> None:
    """Raises CemError for what would make `train` fail before its first step, without reading weights."""
    start(options, ctx)


def start(options: TrlOptions, ctx: Context) -> tuple[str, Any]:
    """The device to train on and the model's tokenizer, when all else is as it must be, too."""
    device = choose_device(options)
    with quiet():
        tokenizer = usable_tokenizer(ctx)
    stored_dtype(ctx.model.path)
    check_adapter(options, ctx.model)
    check_space(ctx.folder, space_needed(ctx.model.path, options, device))
    return device, tokenizer


def train(rows: Sequence[Row], options: TrlOptions, ctx: Context, version: str) -> Mapping[str, Any]:
    """Trains `ctx.model` on `rows` into `ctx.folder / "model"`; returns the figures that `Trl.train` describes."""
    started = time.monotonic()
    device, tokenizer = start(options, ctx)
    precision = choose_precision(options, device)
    with quiet():
        encoder = Encoder(tokenizer, options.max_length, ctx.chat_template)
        encoded = encode(rows, encoder, ctx)
        order = examples(encoded, options, ctx)
        stopping = watched(ctx.stopping, encoder) if options.early_stopping else []
        checkpoints = ctx.folder / "checkpoints"
        last = open_checkpoints(checkpoints, training_key(rows, options, ctx, f"{version} {device} {precision}"))
        release_memory()
        trainer = make_trainer(order, tokenizer, options, ctx, device, precision)
        adapter = unmerged_start(trainer.model, options, ctx)
        keep_near_start(trainer, encoded, options, ctx)
        early = EarlyStopping(trainer, stopping, options.epochs, checkpoints) if stopping else None
        run(trainer, last, early, options, ctx)
        measured = figures(trainer, order, last) | ({"best_step": early.take_best()} if early else {})
        trainer.optimizer = None  # its state is no longer needed, and the start's weights want the room
        save(trainer.model, adapter, options, ctx)
    shutil.rmtree(checkpoints)
    # The model is part of reference cycles: give its memory back now, for the evaluation that follows.
    del trainer
    gc.collect()
    if device == "cuda":
        torch.cuda.empty_cache()
    return {
        **measured,
        "epochs": options.epochs,
        "device": device,
        "precision": precision,
        "method": options.method,
        "seconds": round(time.monotonic() - started, 2),
    }


def encode(rows: Sequence[Row], encoder: Encoder, ctx: Context) -> list[tuple[Row, list[Example]]]:
    """Every row with its examples."""
    encoded = [(row, encoder.encode(row)) for row in rows]
    encoder.report(ctx.log)
    return encoded


def examples(encoded: Sequence[tuple[Row, Sequence[Example]]], options: TrlOptions, ctx: Context) -> list[Example]:
    """The examples of all epochs in training order. Raises CemError where there is nothing to learn."""
    order = training_order(encoded, epochs=options.epochs, batch_size=options.batch_size, seed=ctx.seed)
    if not order:
        rows = len(encoded)
        why = f"none of {rows} rows has text to learn and a weight above 0" if rows else "there are no rows"
        raise CemError(f"nothing to train on: {why}")
    return order


def keep_near_start(
    trainer: Sft, encoded: Sequence[tuple[Row, Sequence[Example]]], options: TrlOptions, ctx: Context
) -> None:
    """Has `trainer` add the divergence from its model as it is now, on the rows that are to be kept, to its loss."""
    if not options.kl:
        return
    kept = [example for row, made in encoded if row.kind in KEPT for example in made]
    if not kept:
        ctx.log("kl changes nothing: there are no review and no general rows")
        return
    trainer.kl = options.kl
    trainer.anchor = Anchor(trainer.model, kept, mixed=trainer.args.bf16)


def training_key(rows: Sequence[Row], options: TrlOptions, ctx: Context, made_by: str) -> str:
    """What decides a training's course, as one id: a checkpoint of another id is of another training."""
    chosen = options.model_dump_json(exclude={"checkpoint_seconds"})
    data = json.dumps([row.to_json() for row in [*rows, *ctx.stopping]], sort_keys=True)
    return content_id(made_by, chosen, data, ctx.model.fingerprint, str(ctx.seed), str(ctx.chat_template))


def run(trainer: Sft, last: Path | None, early: EarlyStopping | None, options: TrlOptions, ctx: Context) -> None:
    """Trains to the end, from the checkpoint `last` if there is one. Raises CemError where memory runs out."""
    steps = -(-len(trainer.train_dataset) // options.batch_size)
    with ctx.progress("train", steps) as progress:
        if last is not None:
            done = int(last.name.rpartition("-")[2])
            ctx.log(f"training continues from its checkpoint at step {done} of {steps}")
            progress.advance(done)
        trainer.add_callback(Watch(progress, options.peak_learning_rate))
        if early is not None:
            trainer.add_callback(early)
        try:
            trainer.train(resume_from_checkpoint=None if last is None else str(last))
        except torch.OutOfMemoryError as error:
            raise CemError(
                f"the GPU's memory is too small for training: set micro_batch_size below {options.rows_at_once}, "
                f"max_length below {options.max_length}, gradient_checkpointing: true, or method: lora"
            ) from error


def unmerged_start(model: Any, options: TrlOptions, ctx: Context) -> Mapping[str, torch.Tensor]:
    """What an adapter that stays one begins with, as far as it is needed at the end."""
    wanted = options.method == "lora" and not options.merge and options.share < 1
    return trained_adapter(model, fresh=ctx.model.adapter is None) if wanted else {}


def save(model: Any, adapter: Mapping[str, torch.Tensor], options: TrlOptions, ctx: Context) -> None:
    """Leaves the trained model, or its adapter, in the stage's folder; `adapter` is as `unmerged_start` gave it."""
    folder = ctx.folder / "model"
    if options.method == "lora" and not options.merge:
        interpolate(model, adapter, options.share)
        save_adapter(model, folder)
        return
    if options.method == "lora":
        # In float32, so that the sum of weights and adapter is rounded once, to the format that it is stored in.
        model = model.float().merge_and_unload()
    if options.share < 1:
        model.zero_grad()
        interpolate(model, dict(load_start(ctx).named_parameters()), options.share)
    save_model(model, ctx.model.path, folder, stored_dtype(ctx.model.path))


def space_needed(model: Path, options: TrlOptions, device: str) -> int:
    """Bytes on disk: the result, and two checkpoints (a new one is whole before the old one goes)."""
    numbers = stored_numbers(model)
    stored = sum(file.stat().st_size for file in model.glob("*.safetensors"))
    result = 0 if options.method == "lora" and not options.merge else stored
    # Weights and the optimiser's moments, both in the weights' format or one in bfloat16; of adapters they are small
    # enough for the reserve.
    weight = 2 if options.precision == "bfloat16" else 4
    moments = 2 if choose_optimizer(options, device) == "factored-adamw" else 2 * weight
    checkpoint = 0 if options.method == "lora" else numbers * (weight + moments)
    best = numbers * weight if options.early_stopping and options.method == "full" else 0
    return result + best + (2 * checkpoint if options.checkpoint_seconds else 0)
