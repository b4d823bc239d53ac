"""Several updates as one, by least squares."""

from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel

from cem_toolkit.api import CemError, Model
from cem_trl.encoding import Example
from cem_unlearn.fusion import LeastSquares, adapted_layers, fused, input_grams, mean_of, with_updates

TEXTS = {"one": [[5, 6, 7, 8], [9, 10, 11]], "two": [[20, 21, 22, 23, 24], [30, 31]]}
REQUESTS = {name: [Example(ids, ids) for ids in texts] for name, texts in TEXTS.items()}


@pytest.fixture
def chance() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def adapted(tiny: Model) -> Any:
    """The tiny model under two adapters that change something."""
    torch.manual_seed(0)
    config = LoraConfig(r=2, target_modules=["q_proj", "down_proj"], init_lora_weights=False)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny.path), config, adapter_name="one")
    model.add_adapter("two", config)
    return model


def fuse(inputs: Any, updates: Any, ridge: float) -> torch.Tensor:
    squares = LeastSquares(ridge)
    for given, update in zip(inputs, updates, strict=True):
        squares.add(given.T @ given, update)
    return squares.solve()


def stacked(inputs: Any, updates: Any, ridge: float) -> Any:
    """The same by the rows of one system: inputs, and what the ridge adds."""
    left, right = [], []
    for given, update in zip(inputs, updates, strict=True):
        added = np.sqrt(ridge * float((given**2).sum(0).mean())) * np.eye(given.shape[1])
        rows = np.concatenate([given.double().numpy(), added])
        left.append(rows)
        right.append(rows @ update.double().numpy())
    return np.linalg.lstsq(np.concatenate(left), np.concatenate(right), rcond=None)[0]


@pytest.mark.parametrize("ridge", [1e-6, 1e-2])
def test_it_is_the_least_squares_solution(chance: torch.Generator, ridge: float) -> None:
    inputs = [torch.randn(count, 6, generator=chance) for count in (4, 9, 30)]
    updates = [torch.randn(6, 3, generator=chance) for _ in inputs]
    assert fuse(inputs, updates, ridge).numpy() == pytest.approx(stacked(inputs, updates, ridge), abs=1e-5)


def test_one_request_gives_its_own_update_back(chance: torch.Generator) -> None:
    inputs, update = torch.randn(3, 6, generator=chance), torch.randn(6, 3, generator=chance)
    torch.testing.assert_close(fuse([inputs], [update], 1e-3), update)


def test_requests_of_other_inputs_keep_what_each_does(chance: torch.Generator) -> None:
    inputs = [torch.zeros(10, 6), torch.zeros(10, 6)]
    for number, given in enumerate(inputs):
        given[:, 3 * number : 3 * number + 3] = torch.randn(10, 3, generator=chance)
    updates = [torch.randn(6, 3, generator=chance) for _ in inputs]
    one = fuse(inputs, updates, 1e-6)
    for given, update in zip(inputs, updates, strict=True):
        torch.testing.assert_close(given @ one, given @ update, atol=1e-4, rtol=1e-3)


def test_what_no_input_tells_is_the_mean() -> None:
    inputs = torch.zeros(4, 2)
    inputs[:, 0] = 1.0
    found = fuse([inputs, inputs], [torch.tensor([[1.0], [1.0]]), torch.tensor([[3.0], [5.0]])], 1e-3)
    torch.testing.assert_close(found, torch.tensor([[2.0], [3.0]]))


def test_of_a_model_it_goes_by_what_its_layers_are_given(adapted: Any) -> None:
    name, layer = next((name, each) for name, each in adapted_layers(adapted).items() if "1.mlp.down_proj" in name)
    inputs, updates = [], []
    for request, texts in TEXTS.items():
        adapted.set_adapter(request)
        given = []
        hook = layer.register_forward_pre_hook(lambda _, args, given=given: given.append(args[0][0].detach()))
        for ids in texts:
            adapted(input_ids=torch.tensor([ids]))
        hook.remove()
        inputs.append(torch.cat(given))
        updates.append(layer.get_delta_weight(request).detach().T)
    whole = fused(adapted, REQUESTS, 1e-2)
    assert whole[name].numpy() == pytest.approx(stacked(inputs, updates, 1e-2), abs=1e-4)
    one_by_one = fused(adapted, REQUESTS, 1e-2, room=0)
    assert all(torch.equal(whole[each], one_by_one[each]) for each in whole), "memory decides nothing"


def test_inputs_are_added_up_while_asked(chance: torch.Generator) -> None:
    layer = torch.nn.Linear(3, 2)
    given = torch.randn(2, 5, 3, generator=chance)
    with input_grams({"layer": layer}) as grams:
        layer(given[:1])
        layer(given[1:])
    layer(given)
    flat = given.flatten(0, 1)
    torch.testing.assert_close(grams["layer"], flat.T @ flat)


@pytest.mark.parametrize("architecture", ["linear", "convolution"])
def test_the_fused_model_of_one_request_is_the_merged_one(adapted: Any, architecture: str) -> None:
    """GPT-2's layers hold their weights the other way round."""
    if architecture == "convolution":
        config = GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=40, n_positions=16)
        lora = LoraConfig(r=2, target_modules=["c_attn", "c_fc"], init_lora_weights=False, fan_in_fan_out=True)
        adapted = get_peft_model(GPT2LMHeadModel(config), lora, adapter_name="one")
    adapted.eval().set_adapter("one")
    ids = torch.tensor([TEXTS["one"][0]])
    with torch.no_grad():
        wanted = adapted(input_ids=ids).logits
        model = with_updates(adapted, fused(adapted, {"one": REQUESTS["one"]}, 1e-3))
        torch.testing.assert_close(model(input_ids=ids).logits, wanted, atol=1e-4, rtol=1e-4)
    assert not any("lora" in name for name, _ in model.named_modules())


def test_the_mean_is_plain(adapted: Any) -> None:
    layers = adapted_layers(adapted)
    for name, mean in mean_of(adapted, list(REQUESTS)).items():
        both = [layers[name].get_delta_weight(each).detach().T for each in REQUESTS]
        torch.testing.assert_close(mean, (both[0] + both[1]) / 2)


def test_only_linear_layers_can_be_fused(tiny: Model) -> None:
    config = LoraConfig(r=2, target_modules=["embed_tokens"])
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny.path), config)
    with pytest.raises(CemError, match=r"trainer.lora_targets: .*embed_tokens cannot be fused, it is Embedding"):
        adapted_layers(model)
