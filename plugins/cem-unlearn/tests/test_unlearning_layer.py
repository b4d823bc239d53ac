"""The losses of one request and the order of its steps."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from cem_toolkit.api import Model, Row
from cem_trl.encoding import Encoder, Example
from cem_trl.passes import predictions
from cem_unlearn.eul import EulOptions
from cem_unlearn.unlearning_layer import UnlearningLayer, before, divergence


@pytest.fixture
def model(tiny: Model) -> Any:
    torch.manual_seed(0)
    config = LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False)
    return get_peft_model(AutoModelForCausalLM.from_pretrained(tiny.path), config)


def method(tiny: Model, rows: Sequence[Row], ctx: Any, model: Any = None, **options: Any) -> tuple[Any, list[Example]]:
    made = UnlearningLayer(EulOptions(**{"batch_size": 2, "epochs": 1, "audit": False} | options))
    encoder = Encoder(AutoTokenizer.from_pretrained(tiny.path), 64, False)
    order = made.order([(row, encoder.encode(row)) for row in rows], made.options, ctx)
    if model is not None:
        made.begin(model, encoder, ctx)
    return made, order


def kinds(made: Any, order: Sequence[Example], size: int) -> list[str]:
    """Of each step what its examples are: f to be unlearnt, r retained."""
    known = {id(item.example): "f" for item in made.forget} | {id(item.example): "r" for item in made.retained}
    letters = [known[id(each)] for each in order]
    return ["".join(letters[start : start + size]) for start in range(0, len(order), size)]


def test_retained_and_forgotten_come_in_turns(tiny: Model, rows: list[Row], context: Any) -> None:
    made, order = method(tiny, rows, context(), epochs=2)
    assert kinds(made, order, 2) == ["rr", "ff"] * 2
    assert {id(each) for each in order[2:4]} == {id(item.example) for item in made.forget}, "all of them in each pass"


def test_batches_are_whole(tiny: Model, rows: list[Row], context: Any) -> None:
    made, order = method(tiny, rows, context(), batch_size=3)
    assert kinds(made, order, 3) == ["rrr", "fff"]


def test_retained_steps_may_be_fewer(tiny: Model, rows: list[Row], context: Any) -> None:
    made, order = method(tiny, rows, context(), batch_size=1, retained=0.5)
    assert kinds(made, order, 1) == ["r", "f", "f"]


def test_or_both_are_in_every_step(tiny: Model, rows: list[Row], context: Any) -> None:
    made, order = method(tiny, rows, context(), alternate=False)
    assert kinds(made, order, 2) == ["fr"] * 2, "as many steps, on as many of each"


def test_the_loss_is_the_published_one(tiny: Model, rows: list[Row], context: Any, model: Any) -> None:
    """Worked out anew, text by text: 0.8 KL + CE on a retained one, - KL - 0.2 LM on one to be unlearnt."""
    made, order = method(tiny, rows, context(), model, limit=1e6, alternate=False)
    model.eval()
    text, kept = order[:2]
    found = float(made.step(model, [text, kept], 0))

    def told(example: Example) -> tuple[Any, Any]:
        ids = torch.tensor([example.input_ids])
        with torch.no_grad():
            now = model(input_ids=ids).logits[0, :-1].log_softmax(-1)
            with model.disable_adapter():
                return model(input_ids=ids).logits[0, :-1].log_softmax(-1), now

    def kl(example: Example, asked: int) -> Any:
        old, new = told(example)
        return (old.exp() * (old - new)).sum(-1)[asked:].mean()

    def loss(example: Example, count: int) -> Any:
        new = told(example)[1]
        return -new[range(count), example.input_ids[1 : count + 1]].mean()

    secret = [number for number, label in enumerate(text.labels[1:]) if label != -100]
    assert secret[0] > 0, "it has a prompt"
    ended = len(text.input_ids) - 1 - (secret[-1] + 1)
    assert ended == 1, "that it ends is not to be forgotten"
    old, new = told(text)
    apart = (old.exp() * (old - new)).sum(-1)[secret].mean()
    wanted = 0.8 * kl(kept, 0) + loss(kept, len(kept.input_ids) - 1) - apart - 0.2 * loss(text, secret[-1] + 1)
    assert found == pytest.approx(float(wanted), rel=1e-4)


def test_beyond_the_limit_there_is_nothing_to_forget(tiny: Model, rows: list[Row], context: Any, model: Any) -> None:
    made, order = method(tiny, rows, context(), model, limit=1e-6)
    loss = made.step(model, order[2:4], 1)
    loss.backward()
    assert float(loss) == pytest.approx(-1.2e-6)
    assert not any(weight.grad.any() for weight in model.parameters() if weight.grad is not None)


def test_the_limit_is_that_of_a_guess(tiny: Model, rows: list[Row], context: Any, model: Any) -> None:
    made, _ = method(tiny, rows, context(), model)
    assert made._limit == pytest.approx(math.log(model.config.vocab_size))


def test_the_model_before_is_the_one_without_adapter(tiny: Model, rows: list[Row], context: Any, model: Any) -> None:
    _, order = method(tiny, rows, context())
    plain = AutoModelForCausalLM.from_pretrained(tiny.path).eval()
    with torch.no_grad():
        wanted, now = predictions(plain, order[:2])[0], predictions(model, order[:2])[0]
    model.train()
    torch.testing.assert_close(before(model, order[:2]), wanted)
    assert model.training
    assert (divergence(wanted, now) > 0).all()
    torch.testing.assert_close(divergence(now, now), torch.zeros(len(now)), atol=1e-5, rtol=0)
