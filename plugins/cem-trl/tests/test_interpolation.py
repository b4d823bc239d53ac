"""The result on the way from the starting weights to the trained ones: exactly as far as the options say."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file, save_file

from cem_toolkit.api import Model
from cem_trl.interpolation import interpolate, trained_adapter
from cem_trl.options import TrlOptions

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")

FULL = {"learning_rate": 1e-2, "epochs": 2, "batch_size": 2, "precision": "float32"}
LORA = FULL | {"method": "lora"}
KEPT = LORA | {"merge": False}


def weights(folder: Path) -> dict[str, torch.Tensor]:
    loaded: dict[str, torch.Tensor] = load_file(next(folder.glob("*.safetensors")))
    return loaded


def assert_between(
    start: dict[str, torch.Tensor], got: dict[str, torch.Tensor], trained: dict[str, torch.Tensor], share: float
) -> None:
    """`got` lies at `share` of the way, number by number, and that is somewhere else than either end."""
    assert start.keys() == got.keys() == trained.keys()
    for name, weight in got.items():
        between = start[name].double() + share * (trained[name].double() - start[name].double())
        torch.testing.assert_close(weight.double(), between, atol=1e-6, rtol=0)
    moved = max(float((trained[name].float() - start[name].float()).abs().max()) for name in got)
    assert moved > 1e-3, "a training that moves nothing shows nothing"


def update(adapter: Path) -> dict[str, torch.Tensor]:
    """What an adapter adds to each weight, but for the constant of its scaling."""
    factors = weights(adapter)
    return {
        name: factors[name.replace("lora_A", "lora_B")] @ factor for name, factor in factors.items() if "lora_A" in name
    }


@pytest.mark.parametrize("options", [FULL, LORA], ids=["full", "merged adapter"])
@pytest.mark.parametrize("share", [0.5, 0.25])
def test_a_model_goes_its_share_of_the_way(train: Any, tiny: Model, options: dict[str, Any], share: float) -> None:
    _, whole = train(options | {"interpolation": 1.0}, "whole")
    _, part = train(options | {"interpolation": share}, "part")
    assert_between(weights(tiny.path), weights(part), weights(whole), share)


def test_an_adapter_that_stays_one_adds_its_share_of_the_update(train: Any) -> None:
    _, whole = train(KEPT | {"interpolation": 1.0}, "whole")
    _, half = train(KEPT | {"interpolation": 0.5}, "half")
    added = update(whole)
    assert max(float(each.abs().max()) for each in added.values()) > 1e-3
    for name, each in update(half).items():
        torch.testing.assert_close(each, added[name] / 2, atol=1e-7, rtol=1e-5)


def test_kept_and_merged_adapters_go_equally_far(train: Any, tiny: Model) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    _, kept = train(KEPT | {"interpolation": 0.5}, "kept")
    _, merged = train(LORA | {"interpolation": 0.5}, "merged")
    base = AutoModelForCausalLM.from_pretrained(tiny.path, dtype=torch.float32)
    together = PeftModel.from_pretrained(base, str(kept)).merge_and_unload()
    for name, weight in weights(merged).items():
        torch.testing.assert_close(weight, together.state_dict()[name], atol=1e-6, rtol=0)


def test_an_adapter_that_is_trained_on_starts_from_what_it_was(train: Any, tiny: Model) -> None:
    _, first = train(KEPT | {"interpolation": 1.0}, "first")
    model = Model(name="r1", path=tiny.path, fingerprint="r1", adapter=first)
    _, whole = train(KEPT | {"interpolation": 1.0}, "whole", model=model)
    _, half = train(KEPT | {"interpolation": 0.5}, "half", model=model)
    assert_between(weights(first), weights(half), weights(whole), 0.5)


@pytest.mark.parametrize("options", [FULL, LORA], ids=["full", "merged adapter"])
def test_the_start_s_own_adapter_is_part_of_the_start(train: Any, tiny: Model, options: dict[str, Any]) -> None:
    _, first = train(KEPT | {"interpolation": 1.0}, "first")
    _, start = train(LORA | {"interpolation": 1.0}, "start")  # the same training, merged
    model = Model(name="r1", path=tiny.path, fingerprint="r1", adapter=first)
    _, whole = train(options | {"interpolation": 1.0}, "whole", model=model)
    _, half = train(options | {"interpolation": 0.5}, "half", model=model)
    assert_between(weights(start), weights(half), weights(whole), 0.5)


@pytest.mark.parametrize(("strength", "share"), [("careful", 0.2), ("balanced", 0.35), ("eager", 0.6)])
def test_a_strength_is_a_share_and_a_share_of_one_s_own_goes_before(strength: Any, share: float) -> None:
    assert TrlOptions(strength=strength).share == share
    assert TrlOptions(strength=strength, interpolation=0.5).share == 0.5
    assert TrlOptions().share == 0.35


@pytest.mark.parametrize("share", [0, 1.1, -0.5])
def test_shares_that_are_none_are_refused(share: float) -> None:
    with pytest.raises(ValidationError):
        TrlOptions(interpolation=share)


def test_every_strength_goes_as_far_as_it_says(train: Any, tiny: Model) -> None:
    start = weights(tiny.path)

    def moved(name: str, options: dict[str, Any]) -> float:
        _, folder = train(FULL | options, name)
        return sum(float((weight - start[key]).abs().sum()) for key, weight in weights(folder).items())

    whole = moved("whole", {"interpolation": 1.0})
    assert moved("eager", {"strength": "eager"}) == pytest.approx(0.6 * whole, rel=1e-4)
    assert moved("balanced", {}) == pytest.approx(0.35 * whole, rel=1e-4)
    assert moved("careful", {"strength": "careful"}) == pytest.approx(0.2 * whole, rel=1e-4)


@pytest.mark.parametrize("options", [{}, {"method": "lora"}, {"precision": "bfloat16"}], ids=str)
def test_the_result_has_the_format_of_the_start(train: Any, tied: Model, options: dict[str, Any]) -> None:
    chosen = {"learning_rate": 1e-2, "batch_size": 2} | options
    _, folder = train(chosen | {"interpolation": 0.5}, "half", model=tied)
    _, whole = train(chosen | {"interpolation": 1.0}, "whole", model=tied)
    start, got, trained = weights(tied.path), weights(folder), weights(whole)
    assert {name: each.dtype for name, each in got.items()} == {name: each.dtype for name, each in start.items()}
    for name, each in got.items():
        between = (start[name].float() + trained[name].float()) / 2
        torch.testing.assert_close(each.float(), between, atol=1e-3, rtol=0.01)  # roundings to bfloat16
    assert any(not torch.equal(each, trained[name]) for name, each in got.items())


@pytest.mark.parametrize("precision", ["mixed", "float32", "bfloat16"])
def test_embeddings_that_are_not_trained_stay_to_the_last_bit(train: Any, tied: Model, precision: str) -> None:
    frozen = {"freeze": "embeddings", "learning_rate": 1e-2, "precision": precision, "interpolation": 0.3}
    _, folder = train(frozen, model=tied)
    start, got = weights(tied.path), weights(folder)
    assert torch.equal(got["model.embed_tokens.weight"], start["model.embed_tokens.weight"])
    assert any(not torch.equal(got[name], start[name]) for name in start)


def test_the_start_is_read_in_its_own_format_whatever_its_configuration_says(train: Any, copied: Model) -> None:
    """Else a start in float32 whose configuration says bfloat16 would be rounded on the way."""
    config = json.loads((copied.path / "config.json").read_text("utf-8"))
    config.pop("torch_dtype", None)
    (copied.path / "config.json").write_text(json.dumps(config | {"dtype": "bfloat16"}))
    numbers = {name: weight.float() for name, weight in weights(copied.path).items()}
    save_file(numbers, copied.path / "model.safetensors", metadata={"format": "pt"})
    _, half = train(FULL | {"interpolation": 0.5}, "half", model=copied)
    _, whole = train(FULL | {"interpolation": 1.0}, "whole", model=copied)
    assert_between(numbers, weights(half), weights(whole), 0.5)


def test_an_interrupted_training_goes_as_far_as_another(train: Any, context: Any, monkeypatch: Any) -> None:
    from cem_trl import attempt

    options = KEPT | {"interpolation": 0.5, "checkpoint_seconds": 1e-6}
    _, straight = train(options, "straight")

    def interrupted(*given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(attempt, "save", interrupted)  # all is trained, and only the result is missing
        with pytest.raises(KeyboardInterrupt):
            train(options, "resumed")
    figures, resumed = train(options, "resumed")
    assert figures["resumed_from_step"] > 0
    assert all(torch.equal(each, weights(straight)[name]) for name, each in weights(resumed).items())


def test_weights_that_the_start_lacks_stay_and_others_must_fit() -> None:
    model = torch.nn.Linear(2, 1)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[2.0, 4.0]]))
        model.bias.fill_(1.0)
    interpolate(model, {"weight": torch.tensor([[0.0, 2.0]], dtype=torch.bfloat16)}, 0.25)
    assert model.weight.tolist() == [[0.5, 2.5]]
    assert model.bias.tolist() == [1.0]
    with pytest.raises(ValueError, match=r"weight has the shape \(1, 2\), and had \(3,\)"):
        interpolate(model, {"weight": torch.zeros(3)}, 0.5)


@pytest.mark.parametrize(("fresh", "names"), [(True, ["lora_B"]), (False, ["lora_A", "lora_B"])])
def test_of_an_adapter_the_factors_that_differ_are_copied(fresh: bool, names: list[str]) -> None:
    model = torch.nn.ParameterDict(
        {"base": torch.ones(1), "lora_A": torch.ones(1), "lora_B": torch.zeros(1)}
    ).requires_grad_(True)
    model["base"].requires_grad_(False)
    copies = trained_adapter(model, fresh)
    assert sorted(copies) == names
    with torch.no_grad():
        model["lora_B"].add_(1)
    assert copies["lora_B"].tolist() == [0.0]
