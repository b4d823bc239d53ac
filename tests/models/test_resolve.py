"""Models that are whole and safe are found; all else is one clear line."""

import struct
from pathlib import Path

import pytest

import toy
from cem_toolkit.api import CemError
from cem_toolkit.models import check_model, fingerprint, resolve_model


def refused(name: str | Path) -> str:
    with pytest.raises(CemError) as caught:
        check_model(str(name))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_whole_folder_is_taken(model: Path) -> None:
    found = resolve_model(str(model), model.parent / "cache", print)
    assert found.path == model
    assert found.fingerprint == fingerprint(model)


def test_the_fingerprint_is_of_the_content(model: Path, tmp_path: Path) -> None:
    copy = toy.write_model(tmp_path / "elsewhere", sorted(toy.read_facts(model)))
    assert fingerprint(copy) == fingerprint(model)
    toy.write_model(copy, ["Town1"])
    assert fingerprint(copy) != fingerprint(model)


def test_a_changed_tokenizer_is_another_model(model: Path) -> None:
    before = fingerprint(model)
    (model / "tokenizer.json").write_text('{"added": 1}')
    assert fingerprint(model) != before


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    assert "without config.json" in refused(tmp_path)


def test_weights_as_a_pickle_are_refused(model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    assert "pickle" in refused(model)


def test_no_tokenizer(model: Path) -> None:
    (model / "tokenizer.json").unlink()
    assert "no tokenizer" in refused(model)


def test_safetensors_cut_short(model: Path) -> None:
    header = b'{"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}'
    file = model / "model.safetensors"
    file.write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 12)
    assert "cut short" in refused(model)
    file.write_bytes(b"\0\0")
    assert "cut short" in refused(model)
    file.write_bytes(struct.pack("<Q", 3) + b"abc")
    assert "no safetensors file" in refused(model)


@pytest.mark.parametrize("name", ["./no-such-folder", "/no/such/model", "missing.gguf", "two words", "a/b/c"])
def test_names_that_can_be_nothing(name: str) -> None:
    assert "no such file or folder" in refused(name)


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"x")
    assert "file of kind .bin" in refused(tmp_path / "model.bin")


def test_an_unreachable_hub_model_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")

    def unreachable(*arguments: object, **options: object) -> str:
        raise OSError("cannot reach the hub\nsecond line")

    monkeypatch.setattr(hub, "snapshot_download", unreachable)
    with pytest.raises(CemError, match="could not be fetched from the hub") as caught:
        resolve_model("some/model", tmp_path, print)
    assert "\n" not in str(caught.value)
