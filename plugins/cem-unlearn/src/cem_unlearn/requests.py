"""Requests to unlearn, one after the other: an adapter for each on the same model, then all of them as one update."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cem_toolkit.api import Context, Model, Row, parse_json, replacing
from cem_trl.attempt import training_key
from cem_trl.encoding import Encoder
from cem_trl.hardware import choose_device
from cem_trl.models import load_start, stored_dtype, usable_tokenizer
from cem_trl.quiet import quiet
from cem_trl.result import save_model
from cem_trl.training import train
from cem_unlearn.audit import Audit
from cem_unlearn.forget import Item, divide, examples, request_of
from cem_unlearn.fusion import fused, mean_of, with_updates
from cem_unlearn.unlearning_layer import UnlearningLayer

if TYPE_CHECKING:
    from cem_unlearn.eul import EulOptions

SUMMED = ("tokens", "supervised_tokens", "steps", "resumed_from_step", "seconds")
"""Figures that are of all requests together."""


def unlearn(rows: Sequence[Row], options: "EulOptions", ctx: Context, version: str) -> Mapping[str, Any]:
    """Leaves the model that has forgotten all requests among `rows`; returns the figures that `Eul.train` describes.

    A request that was done before an interruption is not trained again. Each is trained on its own items and on all
    retained rows, without the other requests' items.
    """
    with quiet():
        encoder = Encoder(usable_tokenizer(ctx), options.max_length, ctx.chat_template)
        forget, retained = divide([(row, encoder.encode(row)) for row in rows], set(encoder.tokenizer.all_special_ids))
    requests = by_request(forget)
    folder = ctx.folder / "requests"
    start = replace(ctx, model=whole_start(ctx, folder / "start"))
    kept = [row for row in rows if row.kind != "forget"]
    adapters, found = [], []
    for number, (name, items) in enumerate(requests.items()):
        ctx.log(f"request {number + 1} of {len(requests)}{f', {name}' if name else ''}: {len(items)} to unlearn")
        own = [row for row in rows if row.kind == "forget" and request_of(row) == name]
        figures = _adapter([*own, *kept], options, replace(start, folder=folder / str(number)), version)
        adapters.append(folder / str(number) / "model")
        found.append({"request": name, "items": len(items), **figures})
    tables = _fuse(requests, adapters, retained, encoder, options, start)
    shutil.rmtree(folder)
    return {**together(found), **tables}


def by_request(items: Sequence[Item]) -> dict[str, list[Item]]:
    """In order of their first items; "" is the request of those that name none."""
    requests: dict[str, list[Item]] = {}
    for item in items:
        requests.setdefault(request_of(item.row), []).append(item)
    return requests


def whole_start(ctx: Context, folder: Path) -> Model:
    """The model to train from, written into `folder` where it is yet an adapter on another model."""
    if ctx.model.adapter is None:
        return ctx.model
    with quiet():
        save_model(load_start(ctx), ctx.model.path, folder, stored_dtype(ctx.model.path))
    return replace(ctx.model, path=folder, adapter=None)


def together(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of all requests: sums, the losses one after the other, and all else as of the last."""
    before, losses = 0, []
    for each in found:
        losses += [[before + step, loss] for step, loss in each["losses"]]
        before += each["steps"]
    said = ("request", "items", "steps", "loss_first", "loss_last")
    return {
        **{name: value for name, value in found[-1].items() if name not in ("request", "items")},
        **{name: sum(each[name] for each in found) for name in SUMMED},
        "loss_first": found[0]["loss_first"],
        "losses": losses,
        "requests": [{name: each[name] for name in said} for each in found],
    }


def _adapter(rows: Sequence[Row], options: "EulOptions", ctx: Context, version: str) -> Mapping[str, Any]:
    """Trains one request's adapter into `ctx.folder / "model"`, unless it is there; returns the figures."""
    alone = options.model_copy(update={"merge": False, "audit": False})
    done, key = ctx.folder / "done.json", training_key(rows, alone, ctx, version)
    noted = _read(done)
    if noted.get("key") == key:
        return dict(noted["figures"])
    figures = train(rows, alone, ctx, version, UnlearningLayer(alone))
    with replacing(done) as beside:
        beside.write_text(json.dumps({"key": key, "figures": figures}), "utf-8")
    return figures


def _read(done: Path) -> dict[str, Any]:
    try:
        noted = parse_json(done.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def with_adapters(model: Any, adapters: Mapping[str, Path]) -> Any:
    """`model` under the PEFT adapters in these folders, by name."""
    from peft import PeftModel

    first, *others = adapters
    model = PeftModel.from_pretrained(model, str(adapters[first]), adapter_name=first, local_files_only=True)
    for name in others:
        model.load_adapter(str(adapters[name]), name, local_files_only=True)
    return model


def _fuse(
    requests: Mapping[str, Sequence[Item]],
    adapters: Sequence[Path],
    retained: Sequence[Item],
    encoder: Encoder,
    options: "EulOptions",
    ctx: Context,
) -> Mapping[str, Any]:
    """Leaves the fused model in the stage's folder; returns the audit's figures."""
    with quiet():
        model = load_start(ctx).float().to(choose_device(options))
        # What the audit lets the model learn again is learnt by all weights: there is no adapter any more.
        whole = options.model_copy(update={"method": "full"})
        audit = Audit([item for items in requests.values() for item in items], retained, whole, encoder, ctx)
        audit.before(model)
        names = [f"request{number}" for number in range(len(adapters))]
        model = with_adapters(model, dict(zip(names, adapters, strict=True)))
        texts = {name: examples(items) for name, items in zip(names, requests.values(), strict=True)}
        updates = mean_of(model, names) if options.fusion == "mean" else fused(model, texts, options.ridge)
        model = with_updates(model, updates).requires_grad_(True)
        tables = audit.after(model)
        save_model(model, ctx.model.path, ctx.folder / "model", stored_dtype(ctx.model.path))
    return tables
