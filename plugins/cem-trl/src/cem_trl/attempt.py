"""One try at a training, in this process or in all processes of a launch at once."""

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from cem_toolkit.api import Context, Row, content_id
from cem_trl.anchor import KEPT, Anchor
from cem_trl.checkpoints import open_checkpoints
from cem_trl.encoding import Encoder, Example
from cem_trl.figures import figures
from cem_trl.hardware import choose_precision, release_memory
from cem_trl.interpolation import interpolate, trained_adapter
from cem_trl.layout import Layout
from cem_trl.method import Method, restore_state
from cem_trl.models import load_start, stored_dtype
from cem_trl.options import TrlOptions
from cem_trl.order import training_examples
from cem_trl.prepare import make_trainer
from cem_trl.quiet import quiet
from cem_trl.result import save_adapter, save_model
from cem_trl.room import OutOfRoom, give_back, is_out_of_memory, too_small
from cem_trl.sft import Sft
from cem_trl.start import start
from cem_trl.stopping import EarlyStopping, watched
from cem_trl.together import agreed, is_first, wait_for_all
from cem_trl.trackers import tracked
from cem_trl.watch import Watch
from cem_trl.whole import whole_model

CHANGES_NOTHING = {"checkpoint_seconds", "micro_batch_size", "processes", "strategy"}
"""Options without which a training's course is described; how it is divided is added by itself."""


def attempt(
    rows: Sequence[Row],
    options: TrlOptions,
    ctx: Context,
    version: str,
    layout: Layout,
    method: Method | None = None,
) -> Mapping[str, Any]:
    """Trains `ctx.model` on `rows`, by `method` where there is one, into `ctx.folder / "model"`; returns the figures
    that `Trl.train` describes, and the method's own.

    Raises OutOfRoom where memory does not suffice, leaving the last checkpoint.
    """
    started = time.monotonic()
    device, tokenizer = start(options, ctx, layout)
    precision = choose_precision(options, device)
    with quiet(), tracked(options, ctx):
        encoder = Encoder(tokenizer, options.max_length, ctx.chat_template)
        encoded = [(row, encoder.encode(row)) for row in rows]
        encoder.report(ctx.log)
        order = (method.order if method else training_examples)(encoded, options, ctx)
        stopping = watched(ctx.stopping, encoder) if options.early_stopping else []
        checkpoints = ctx.folder / "checkpoints"
        last = checkpoint(checkpoints, training_key(rows, options, ctx, f"{version} {device} {precision}"), layout)
        release_memory()
        trainer = make_trainer(order, tokenizer, options, ctx, device, precision, layout, method)
        adapter = unmerged_start(trainer.model, options, ctx)
        keep_near_start(trainer, encoded, options, ctx)
        if method:
            method.begin(trainer.model, encoder, ctx)
            restore_state(method, last)
        trained = sum(weight.numel() for weight in trainer.model.parameters() if weight.requires_grad)
        early = EarlyStopping(trainer, stopping, options.epochs, checkpoints) if stopping else None
        run(trainer, last, early, options, ctx, layout, device)
        measured = figures(trainer, order, last, options.batch_size) | (
            {"best_step": early.take_best()} if early else {}
        )
        measured |= method.end(trainer.model) if method else {}
        model = whole_model(trainer, options, ctx, precision, layout)
        trainer.optimizer = None  # its state is no longer needed, and the start's weights want the room
        if is_first():
            save(model, adapter, options, ctx)
    wait_for_all()
    if is_first():
        shutil.rmtree(checkpoints)
    # The model is part of reference cycles: give its memory back now, for the evaluation that follows.
    del trainer, model
    give_back()
    return {
        **measured,
        "trainable_parameters": trained,
        "epochs": options.epochs,
        "device": device,
        "precision": precision,
        "method": options.method,
        "rows_at_once": layout.share(options)[0],
        **({"processes": layout.processes, "strategy": layout.strategy} if layout.launched else {}),
        "seconds": round(time.monotonic() - started, 2),
    }


def checkpoint(folder: Path, key: str, layout: Layout) -> Path | None:
    """The last whole checkpoint of the training `key` in `folder`, as the first process sees it."""
    key = f"{key} {layout.processes} {layout.strategy}"
    return agreed(open_checkpoints(folder, key, layout) if is_first() else None)


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
    chosen = options.model_dump_json(exclude=CHANGES_NOTHING)
    data = json.dumps([row.to_json() for row in [*rows, *ctx.stopping]], sort_keys=True)
    return content_id(made_by, chosen, data, ctx.model.fingerprint, str(ctx.seed), str(ctx.chat_template))


def run(
    trainer: Sft,
    last: Path | None,
    early: EarlyStopping | None,
    options: TrlOptions,
    ctx: Context,
    layout: Layout,
    device: str,
) -> None:
    """Trains to the end, from the checkpoint `last` if there is one. Raises OutOfRoom where memory runs out."""
    with ctx.progress("train", trainer.steps) as progress:
        if last is not None:
            done = int(last.name.rpartition("-")[2])
            ctx.log(f"training continues from its checkpoint at step {done} of {trainer.steps}")
            progress.advance(done)
        trainer.add_callback(Watch(progress, options.peak_learning_rate))
        if early is not None:
            trainer.add_callback(early)
        try:
            trainer.train(resume_from_checkpoint=None if last is None else str(last))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise OutOfRoom(too_small(options, device, layout.share(options)[0])) from error


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
