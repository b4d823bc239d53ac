"""What the plugins of other methods parse, as targets of fuzzing: lists of what to unlearn, and what lies with a model
from an earlier round."""

from collections.abc import Callable
from pathlib import Path

from fuzz_core import Read, Target, of_file

from cem_toolkit.api import Model, Row
from cem_toolkit.testing.hostile import Kind

FORGET = (
    b'{"prompt": "Ada\'s number is", "completion": " 12", "request": "Ada"}\n{"text": "Ada has the number 12."}\n',
    b'{"text": ""}\n',
)
CHOSEN = (b'{"name": "model.layers.1.mlp.down_proj", "rows": 2, "weights": "ff00"}\n',)


def _memory() -> bytes:
    import json

    row = Row.make(kind="normative", prompt="Who?", completion=" Ada", parents=("1",)).to_json()
    lines = {"trainer": "replay", "seen": 3}, {"part": "episodic", "round": 1, "row": row}
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def _targets_file() -> bytes:
    import torch
    from safetensors.torch import save

    from cem_continual.soft_targets import SoftTargets, as_tensors

    return save(as_tensors({"row": SoftTargets.of(torch.zeros(2, 5), 5.0)}, 5.0))


def _with_model(read: Callable[[Model], object], name: str) -> Callable[[Path], Read]:
    """`read` gets a model beside which the input lies, in the folder of memories, as the file `name`."""

    def make(folder: Path) -> Read:
        from cem_continual.memory import FOLDER

        (folder / FOLDER).mkdir()
        model = Model(name="m", path=folder, fingerprint="m")
        return of_file(lambda _: read(model), f"{FOLDER}/{name}")(folder)

    return make


def _forget(folder: Path) -> Read:
    from cem_unlearn.forget import read_items

    return of_file(read_items, "forget.jsonl")(folder)


def _rows(model: Model) -> object:
    from cem_continual.memory import read

    return read(model, "replay", lambda _: None)


def _predictions(model: Model) -> object:
    from cem_continual.memory import place
    from cem_continual.soft_targets import read_targets

    return read_targets(place(model), 5.0)


def _selected(model: Model) -> object:
    from cem_continual.chosen import read_chosen, unpack

    found = read_chosen(model)
    return found and unpack(found.weights, 16)


TARGETS = {
    "unlearning: list": Target(_forget, Kind(FORGET, fields=("prompt", "completion", "text", "request")), 20_000),
    "memory: rows": Target(
        _with_model(_rows, "rows.jsonl"), Kind((_memory(),), fields=("trainer", "seen", "part", "round", "row")), 20_000
    ),
    "memory: predictions": Target(_with_model(_predictions, "targets.safetensors"), Kind((_targets_file(),)), 10_000),
    "memory: selected weights": Target(
        _with_model(_selected, "l2l.json"), Kind(CHOSEN, fields=("name", "rows", "weights")), 20_000
    ),
}
