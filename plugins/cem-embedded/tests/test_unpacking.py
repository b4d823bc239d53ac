"""The packaged model, unpacked for real: a GGUF file as `--model`."""

import json
from pathlib import Path

import pytest

from cem_embedded.gemma import gguf_path
from cem_toolkit.models import resolve_model

pytestmark = pytest.mark.slow


def test_the_packaged_model_is_unpacked_once_into_plain_safetensors(tmp_path: Path) -> None:
    file = gguf_path(tmp_path)
    said: list[str] = []
    first = resolve_model(str(file), tmp_path, said.append)
    assert len(said) == 1
    assert "unpacking" in said[0]
    config = json.loads((first.path / "config.json").read_text(encoding="utf-8"))
    assert config["model_type"] == "gemma3_text"
    assert "quantization_config" not in config
    assert list(first.path.glob("*.safetensors"))
    assert not list(first.path.glob("*.bin"))

    from transformers import AutoTokenizer

    assert AutoTokenizer.from_pretrained(first.path)("Hello world").input_ids == [2, 9259, 1902]
    assert resolve_model(str(file), tmp_path, said.append) == first
    assert len(said) == 1, "the second time it is there"
