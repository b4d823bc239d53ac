"""Stages of training, one after the other; a finished one is not done again after an interruption."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from cem_continual.crossing import TOLD, measure, table
from cem_continual.dpo import Dpo, as_pairs, both_sides
from cem_continual.routing import StageName, stage_of
from cem_continual.staged import StagedOptions
from cem_toolkit.api import CemError, Context, Model, Row, content_id, parse_json, replacing
from cem_trl.attempt import training_key
from cem_trl.checkpoints import check_space
from cem_trl.figures import MOST_LOSSES, thinned
from cem_trl.hardware import choose_device
from cem_trl.layout import ALONE
from cem_trl.start import space_needed
from cem_trl.training import train

START = "start"
SUMS = ("tokens", "supervised_tokens", "steps", "resumed_from_step", "seconds")
SHARED = ("device", "precision", "method", "trainable_parameters", "rows_at_once")


def check_room(options: StagedOptions, ctx: Context) -> None:
    """Raises CemError where the disk has no room for what one stage needs and the model of the stage before."""
    before = sum(file.stat().st_size for file in ctx.model.path.glob("*.safetensors"))
    check_space(ctx.folder, before + space_needed(ctx.model.path, options, choose_device(options), ALONE))


def train_in_stages(rows: Sequence[Row], options: StagedOptions, ctx: Context, version: str) -> Mapping[str, Any]:
    """Trains `ctx.model` on `rows` into `ctx.folder / "model"`; returns the figures that `Staged.train` describes."""
    by_stage = {stage: [row for row in rows if stage_of(row) == stage] for stage in options.order}
    by_stage = {stage: chosen for stage, chosen in by_stage.items() if chosen}
    if not by_stage:
        raise CemError("nothing to train on: there are no rows")
    key = training_key(rows, options, ctx, version)
    work = open_work(ctx.folder, key)
    model = ctx.model
    measured = {START: once(work / "start.json", partial(measure, rows, options, ctx))}
    trained: dict[StageName, Mapping[str, Any]] = {}
    left: list[Path] = []
    for number, (stage, chosen) in enumerate(by_stage.items(), 1):
        ctx.log(f"stage {number} of {len(by_stage)}: {TOLD[stage]}, {len(chosen):,} rows")
        begun = replace(ctx, model=model, folder=work / stage)
        begun.folder.mkdir(exist_ok=True)
        trained[stage] = once(
            begun.folder / "trained.json", partial(train_stage, stage, chosen, options.of_stage(stage), begun, version)
        )
        model = left_by(begun, options, content_id(key, stage))
        ended = replace(begun, model=model)
        measured[stage] = once(begun.folder / "measured.json", partial(measure, rows, options, ended))
        for earlier in left:  # what this stage began with
            shutil.rmtree(earlier, ignore_errors=True)
        left.append(begun.folder / "model")
    hand_over(left[-1], ctx.folder, work)
    return {**together(trained, by_stage), "tables": [table(measured)]}


def train_stage(
    stage: StageName, rows: Sequence[Row], options: StagedOptions, ctx: Context, version: str
) -> Mapping[str, Any]:
    """The training of one stage, from `ctx.model`; returns `trl`'s figures."""
    made_by = f"{version} {stage}"
    if stage == "preferences":
        method = Dpo(options.beta, options.micro_batch_size)
        return train(both_sides(rows), as_pairs(options), ctx, made_by, method)
    return train(rows, options, ctx, made_by)


def left_by(ctx: Context, options: StagedOptions, fingerprint: str) -> Model:
    """What a stage made of `ctx.model` in `ctx.folder`."""
    folder = ctx.folder / "model"
    if options.method == "lora" and not options.merge:
        return replace(ctx.model, adapter=folder, fingerprint=fingerprint)
    return Model(name=ctx.model.name, path=folder, fingerprint=fingerprint)


def open_work(folder: Path, key: str) -> Path:
    """A folder for the stages of the training `key`, with what an interrupted try left of it, and of no other."""
    shutil.rmtree(_done(folder), ignore_errors=True)
    work, mark = folder / "stages", folder / "stages" / "training.txt"
    if not (mark.is_file() and mark.read_text("utf-8") == key):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        with replacing(mark) as part:
            part.write_text(key, "utf-8")
    return work


def once(file: Path, make: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """What `make` returns, or did when it was called before; kept in `file`."""
    if file.is_file():
        found: Mapping[str, Any] = parse_json(file.read_text("utf-8"))
        return found
    made = make()
    with replacing(file) as part:
        part.write_text(json.dumps(made), "utf-8")
    return made


def hand_over(model: Path, folder: Path, work: Path) -> None:
    """Puts the last stage's `model` in its place and removes the stages. Interrupted, it is done again to its end:
    where the model is not with its stage any more, it lies in its place."""
    if model.is_dir():
        shutil.rmtree(folder / "model", ignore_errors=True)
        model.rename(folder / "model")
    work.rename(_done(folder))  # at once, for of half a folder the wrong half could be left
    shutil.rmtree(_done(folder))


def _done(folder: Path) -> Path:
    return folder / "stages.done"


def together(trained: Mapping[StageName, Mapping[str, Any]], rows: Mapping[StageName, Sequence[Row]]) -> dict[str, Any]:
    """The figures of all stages as those of one training, and those of each."""
    each = list(trained.values())
    losses: list[list[float]] = []
    steps = 0
    for figures in each:
        losses += [[steps + step, loss] for step, loss in figures["losses"]]
        steps += figures["steps"]
    stages = [{"stage": stage, "rows": len(rows[stage]), **figures} for stage, figures in trained.items()]
    return {
        **{name: each[-1][name] for name in SHARED},
        **{name: sum(figures[name] for figures in each) for name in SUMS},
        "loss_first": each[0]["loss_first"],
        "loss_last": each[-1]["loss_last"],
        "losses": thinned(losses, MOST_LOSSES),
        "stages": stages,
    }
