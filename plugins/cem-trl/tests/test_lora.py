"""Training adapters: merged, kept, continued."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from cem_toolkit.api import CemError, Model

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")

LORA = {"method": "lora", "learning_rate": 1e-2, "epochs": 4, "batch_size": 2}


def logits(folder: Path, adapter: Path | None = None) -> torch.Tensor:
    from transformers import AutoModelForCausalLM

    from cem_trl.models import with_adapter

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if adapter is not None:
        model = with_adapter(model, adapter)
    with torch.no_grad():
        out: torch.Tensor = model(torch.arange(2, 40).unsqueeze(0)).logits
    return out


def test_a_kept_adapter_lies_alone_and_the_base_is_untouched(train: Any, tiny: Model) -> None:
    before = {path: path.read_bytes() for path in tiny.path.iterdir()}
    figures, folder = train(LORA | {"merge": False})
    assert sorted(path.name for path in folder.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    assert {path: path.read_bytes() for path in tiny.path.iterdir()} == before
    assert figures["loss_last"] < figures["loss_first"]
    assert figures["trainable_parameters"] == sum(
        weight.numel() for weight in load_file(folder / "adapter_model.safetensors").values()
    )


def test_the_merged_model_says_what_base_and_adapter_say(train: Any, tiny: Model) -> None:
    _, kept = train(LORA | {"merge": False}, "kept")
    _, merged = train(LORA, "merged")
    together = logits(tiny.path, kept)
    torch.testing.assert_close(logits(merged), together, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(logits(tiny.path), together, atol=1e-2)


def test_a_merged_model_keeps_its_format(train: Any, tied: Model) -> None:
    _, folder = train(LORA, model=tied)
    started, ended = (load_file(path / "model.safetensors") for path in (tied.path, folder))
    assert {name: weight.dtype for name, weight in ended.items()} == {name: w.dtype for name, w in started.items()}


@pytest.mark.parametrize(
    "changed", [{"lora_rank": 4}, {"lora_alpha": 8}, {"lora_dropout": 0.5}, {"lora_targets": "q_proj, v_proj"}], ids=str
)
def test_every_lora_option_has_an_effect(train: Any, changed: dict[str, Any]) -> None:
    _, one = train(LORA | {"merge": False}, "one")
    _, other = train(LORA | {"merge": False} | changed, "other")
    first, second = (load_file(folder / "adapter_model.safetensors") for folder in (one, other))
    assert first.keys() != second.keys() or any(
        first[name].shape != second[name].shape or not torch.equal(first[name], second[name]) for name in first
    )


def test_a_kept_adapter_is_trained_on_in_the_next_round(train: Any, tiny: Model) -> None:
    _, first = train(LORA | {"merge": False}, "first")
    model = Model(name="r1", path=tiny.path, fingerprint="r1", adapter=first)
    figures, second = train(LORA | {"merge": False}, "second", model=model)
    assert figures["loss_first"] < logits_loss(train, tiny)
    assert json.loads((second / "adapter_config.json").read_text("utf-8"))["r"] == 16
    assert not torch.equal(logits(tiny.path, first), logits(tiny.path, second))


def logits_loss(train: Any, tiny: Model) -> float:
    """The first loss of a training that starts from the base."""
    return float(train(LORA | {"merge": False}, "base", model=tiny)[0]["loss_first"])


@pytest.mark.parametrize("options", [{"method": "full"}, {"method": "lora"}], ids=str)
def test_otherwise_the_start_s_adapter_is_merged_first(train: Any, tiny: Model, options: dict[str, Any]) -> None:
    _, first = train(LORA | {"merge": False}, "first")
    model = Model(name="r1", path=tiny.path, fingerprint="r1", adapter=first)
    _, second = train(options | {"learning_rate": 1e-9, "epochs": 1}, "second", model=model)
    torch.testing.assert_close(logits(second), logits(tiny.path, first), atol=1e-3, rtol=1e-3)


def test_an_adapter_of_another_rank_is_not_trained_on(train: Any, tiny: Model) -> None:
    _, first = train(LORA | {"merge": False}, "first")
    model = Model(name="r1", path=tiny.path, fingerprint="r1", adapter=first)
    with pytest.raises(CemError, match="has lora_rank 16, the options say 8: set lora_rank to 16"):
        train(LORA | {"merge": False, "lora_rank": 8}, "second", model=model)
    with pytest.raises(CemError, match="cannot be read"):
        train(
            LORA | {"merge": False}, "third", model=Model(name="r", path=tiny.path, fingerprint="r", adapter=tiny.path)
        )


def test_targets_that_the_model_does_not_have_are_named(train: Any) -> None:
    with pytest.raises(CemError, match="no adapters can be made for lora_targets 'query_projection'"):
        train(LORA | {"lora_targets": "query_projection"})
