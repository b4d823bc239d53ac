"""Bad input is told in one line, before anything is trained."""

import collections
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cem_toolkit.api import CemError, Model, Row
from cem_trl import hardware, trainer
from cem_trl.trainer import Trl


def check(context: Any, model: Model, **overrides: Any) -> None:
    Trl().check(context(model=model, **overrides))


def edit(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | changes), "utf-8")


def test_a_good_model_passes_and_nothing_is_written(context: Any, tiny: Model) -> None:
    ctx = context(chat_template=True)
    Trl().check(ctx)
    assert list(ctx.folder.iterdir()) == []


def test_missing_libraries_are_named_with_the_command(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer.importlib.util, "find_spec", lambda name: None if name in ("trl", "peft") else object())
    with pytest.raises(CemError, match=r"needs trl, peft: pip install trl peft$"):
        Trl().check(context())


def test_a_folder_without_a_model(context: Any, tmp_path: Path) -> None:
    with pytest.raises(CemError, match=r"holds no model: there is no config\.json"):
        check(context, Model(name="x", path=tmp_path, fingerprint="x"))


def test_a_model_without_a_tokenizer(context: Any, copied: Model) -> None:
    for file in copied.path.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(CemError, match=r"the tokenizer in .* cannot be read"):
        check(context, copied)


def test_a_tokenizer_without_an_end_of_sequence(context: Any, copied: Model) -> None:
    edit(copied.path / "tokenizer_config.json", eos_token=None, pad_token=None)
    with pytest.raises(CemError, match="has no end-of-sequence token"):
        check(context, copied)


def test_a_chat_template_that_is_wished_and_not_there(context: Any, copied: Model) -> None:
    (copied.path / "chat_template.jinja").unlink()
    check(context, copied)
    with pytest.raises(CemError, match=r"has no chat template: run without the chat template"):
        check(context, copied, chat_template=True)


def test_weights_that_are_not_there_or_not_whole(context: Any, copied: Model) -> None:
    weights = copied.path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(CemError, match=r"the weights in .* cannot be read"):
        check(context, copied)
    weights.rename(weights.with_name("pytorch_model.bin"))
    with pytest.raises(CemError, match="holds no safetensors weights"):
        check(context, copied)


def test_an_architecture_that_transformers_does_not_know(context: Any, copied: Model, rows: list[Row]) -> None:
    edit(copied.path / "config.json", model_type="unheard_of")
    with pytest.raises(CemError, match=r"cannot be (loaded|read)"):
        Trl().train(rows, context(model=copied))


def test_a_device_that_is_not_there(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware.torch.cuda, "is_available", lambda: False)
    with pytest.raises(CemError, match="device cuda was asked for, but PyTorch sees none"):
        Trl(Trl.Options(device="cuda")).check(context())


def test_too_little_room_on_the_disk(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 10**8))
    with pytest.raises(CemError, match=r"training needs about 0\.3 GB on the disk of .*, and 0\.1 GB are free"):
        Trl().check(context())


def test_no_rows_and_rows_without_text(context: Any) -> None:
    with pytest.raises(CemError, match="nothing to train on: there are no rows"):
        Trl().train([], context())
    blank = Row.make(kind="passage", prompt="", completion=" \n", parents=())
    unseen = Row.make(kind="passage", prompt="", completion="text", parents=(), weight=0.0)
    with pytest.raises(CemError, match="nothing to train on: none of 2 rows has text to learn and a weight above 0"):
        Trl().train([blank, unseen], context())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": 0}, "greater than or equal to 1"),
        ({"learning_rate": 0}, "greater than 0"),
        ({"method": "qlora"}, "'full' or 'lora'"),
        ({"learningrate": 1}, "Extra inputs are not permitted"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_options_that_make_no_sense(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Trl.Options(**options)


@pytest.mark.parametrize(
    ("batch", "most", "at_once"), [(1, 8, 1), (8, 8, 8), (12, 8, 6), (13, 8, 1), (32, 8, 8), (8, 3, 2), (8, 16, 8)]
)
def test_rows_at_once_divide_the_batch(batch: int, most: int, at_once: int) -> None:
    assert Trl.Options(batch_size=batch, micro_batch_size=most).rows_at_once == at_once


def test_every_option_is_described() -> None:
    assert all(field.description for field in Trl.Options.model_fields.values())


@pytest.mark.parametrize(
    ("abilities", "precision"),
    [({"avx512_bf16": True}, "mixed"), ({"amx_bf16": True}, "mixed"), ({}, "float32")],
    ids=str,
)
def test_precision_fits_the_processor(
    abilities: dict[str, bool], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware.torch.cpu, "get_capabilities", lambda: abilities)
    assert hardware.choose_precision(Trl.Options(), "cpu") == precision
    assert hardware.choose_precision(Trl.Options(precision="bfloat16"), "cpu") == "bfloat16"
