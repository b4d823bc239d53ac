"""Counting tokens, and what registering costs."""

import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tokenizers import Tokenizer

from cem_toolkit.api import Model
from cem_trl.trainer import Trl

LIGHT = """
import sys
from pathlib import Path
from cem_toolkit.api import Model
from cem_toolkit.testing import make_context
import cem_trl.plugin
(trainer,) = cem_trl.plugin.cem_register_trainers()
ctx = make_context(Path(sys.argv[1]), model=Model(name="m", path=Path(sys.argv[2]), fingerprint="m"))
print(trainer().count_tokens(["Paris is", ""], ctx))
assert not {"torch", "transformers", "trl"} & sys.modules.keys()
"""


def test_tokens_are_the_model_s_without_special_ones(context: Any, tied: Model) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tied.path)
    texts = ["Paris is the capital of France.", "", "Löwen jagen bei Nacht 🌍"]
    counted = Trl().count_tokens(texts, context(model=tied))
    assert counted == [len(tokenizer(text, add_special_tokens=False).input_ids) for text in texts]
    assert Trl().count_tokens([], context(model=tied)) == []


def test_the_tokenizer_of_a_model_and_of_those_trained_from_it_is_read_once(
    context: Any, tied: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def model(name: str) -> Any:
        return context(model=replace(tied, path=shutil.copytree(tied.path, tmp_path / name)))

    read = []
    original = Tokenizer.from_file
    monkeypatch.setattr(
        "tokenizers.Tokenizer", SimpleNamespace(from_file=lambda path: read.append(path) or original(path))
    )
    texts = ["Paris is the capital of France."]
    counted = [Trl().count_tokens(texts, model(name)) for name in ("start", "trained", "again")]
    assert counted[0] == counted[1] == counted[2]
    assert len(read) <= 1
    other = model("other")
    file = other.model.path / "tokenizer.json"
    changed = original(str(file))
    changed.add_tokens(["Paris is the capital"])
    changed.save(str(file))
    assert Trl().count_tokens(texts, other) < counted[0]
    assert read[-1] == str(file)


def test_registering_and_counting_need_no_torch(context: Any, tiny: Model, tmp_path: Any) -> None:
    command = [sys.executable, "-c", LIGHT, tmp_path, tiny.path]
    (paris, nothing) = Trl().count_tokens(["Paris is", ""], context())
    child = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 (our own program)
    assert child.stdout == f"[{paris}, {nothing}]\n"


def test_the_distribution_registers_the_trainer() -> None:
    (entry,) = entry_points(group="cem_toolkit", name="trl")
    assert entry.load().cem_register_trainers() == [Trl]
    assert (Trl.name, Trl.version) == ("trl", "5")
