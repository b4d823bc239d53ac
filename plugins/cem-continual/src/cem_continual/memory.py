"""What a trainer remembers from round to round: rows, in a folder within that of the model that it leaves.

So a memory belongs to its model. It is copied, found by content and thrown away together with it: a round that the gate
rejects leaves none. It is no part of what the model answers, so the model's fingerprint leaves it out, and that of the
next round's trainer has it (`mark`). It is not sent to the hub, where only files right in the model's folder go.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cem_toolkit.api import CemError, Model, Row, content_id, file_hash, parse_json, replacing

FOLDER = "cem_memory"
ROWS = "rows.jsonl"
TARGETS = "targets.safetensors"
LARGEST = 2**27
"""Bytes of the rows' file that are read at most."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A row that is remembered."""

    row: Row
    round: int
    """In which it was trained on."""
    part: str = ""
    """Which of a trainer's memories it is in."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What one trainer remembers."""

    trainer: str
    kept: tuple[Kept, ...] = ()
    seen: int = 0
    """Rows that were trained on so far, from which these were taken."""


def place(model: Model) -> Path:
    """The folder of what `model` remembers: beside its adapter where it has one, for that is what was left then."""
    return (model.adapter or model.path) / FOLDER


def mark(model: Model) -> str:
    """What decides of a memory, for `Component.fingerprint`; "" where there is none."""
    files = [place(model) / name for name in (ROWS, TARGETS)]
    return content_id(*(file_hash(file) for file in files if file.is_file())) if files[0].is_file() else ""


def read(model: Model, trainer: str, log: Callable[[str], None]) -> Memory:
    """What `trainer` remembers with `model`; nothing where there is no memory, or that of another trainer, which is
    said. Raises CemError, naming the line, where the file is not one that `write` writes, or larger than LARGEST."""
    path = place(model) / ROWS
    if not path.is_file():
        return Memory(trainer)
    if path.stat().st_size > LARGEST:
        raise CemError(f"{path}: a memory of more than {LARGEST:,} bytes is not read: remove it, or keep fewer rows")
    lines = path.read_bytes().splitlines()
    about = _value(path, 1, lines[0] if lines else b"", {"trainer": str, "seen": int})
    if about["trainer"] != trainer:
        log(f"{path} is the memory of the trainer {about['trainer']}: {trainer} begins with an empty one")
        return Memory(trainer)
    kept = [_kept(path, number, line) for number, line in enumerate(lines[1:], 2)]
    if len({each.row.id for each in kept}) < len(kept) or about["seen"] < len(kept):
        raise CemError(f"{path}: is no memory: it holds a row twice, or more rows than it says were seen; remove it")
    return Memory(trainer, tuple(kept), about["seen"])


def write(memory: Memory, folder: Path, targets: Mapping[str, Any]) -> None:
    """Adds `memory`, and the tensors that go with it, to the model or adapter in `folder`. The rows come last: without
    them there is no memory."""
    if targets:
        from safetensors.torch import save_file

        with replacing(folder / FOLDER / TARGETS) as beside:
            save_file(dict(targets), beside)
    about: dict[str, Any] = {"trainer": memory.trainer, "seen": memory.seen}
    rows = [{"part": each.part, "round": each.round, "row": each.row.to_json()} for each in memory.kept]
    with replacing(folder / FOLDER / ROWS) as beside:
        lines = (json.dumps(value, ensure_ascii=False) + "\n" for value in (about, *rows))
        beside.write_text("".join(lines), encoding="utf-8", errors="surrogatepass")


def _kept(path: Path, number: int, line: bytes) -> Kept:
    value = _value(path, number, line, {"part": str, "round": int, "row": dict})
    try:
        return Kept(Row.from_json(value["row"]), value["round"], value["part"])
    except CemError as error:
        raise CemError(f"{path}:{number}: {error}") from None


def _value(path: Path, number: int, line: bytes, fields: Mapping[str, type]) -> dict[str, Any]:
    try:
        value = parse_json(line.decode("utf-8", "surrogatepass"))
    except ValueError:
        value = None
    if not isinstance(value, dict) or {name: type(each) for name, each in value.items()} != dict(fields):
        raise CemError(
            f"{path}:{number}: is no line of a trainer's memory: remove {path.parent}, or take another model"
        )
    return value
