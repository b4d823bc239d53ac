"""The KL divergence from the starting model, which holds what was right."""

from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from cem_toolkit.api import Model, Row
from cem_trl import anchor, predicted
from cem_trl.anchor import Anchor
from cem_trl.encoding import Example

TEXTS = [Example([5, 6, 7, 8, 9], [5, 6, 7, 8, 9]), Example([9, 8, 7], [9, 8, 7])]


@pytest.fixture
def model(tiny: Model) -> Any:
    return AutoModelForCausalLM.from_pretrained(tiny.path).float().train()


@pytest.fixture
def review() -> list[Row]:
    return [
        Row.make(kind="review", prompt="Question: home of lions?\nAnswer:", completion=" Africa", parents=("a",)),
        Row.make(kind="general", prompt="", completion="The Danube flows through ten countries.", parents=()),
    ]


def moved(model: Any) -> Any:
    torch.manual_seed(3)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    return model


def test_it_is_nothing_for_the_start_and_the_kl_divergence_for_another_model(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predicted, "WORDS", model.config.vocab_size - 1)  # so that nothing is put together
    held = Anchor(model, TEXTS, mixed=False)
    assert float(held.divergence(model, 0).detach()) == pytest.approx(0, abs=1e-5)
    assert model.training
    before = [model(torch.tensor([each.input_ids])).logits[0].log_softmax(-1).detach() for each in TEXTS]
    after = [moved(model)(torch.tensor([each.input_ids])).logits[0].log_softmax(-1) for each in TEXTS[:1]]
    after += [model(torch.tensor([TEXTS[1].input_ids])).logits[0].log_softmax(-1)]
    exact = sum(float((b.exp() * (b - a)).sum()) for b, a in zip(before, after, strict=True)) / 8
    assert float(held.divergence(model, 0).detach()) == pytest.approx(exact, rel=1e-3)


def test_words_put_together_make_it_no_larger(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    held = []
    for words in (model.config.vocab_size - 1, 3):
        monkeypatch.setattr(predicted, "WORDS", words)
        held.append(Anchor(model, TEXTS, mixed=False))
    moved(model)
    whole, rough = (float(each.divergence(model, 0).detach()) for each in held)
    assert 0 < rough <= whole


def test_every_row_has_its_turn(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchor, "ROWS", 1)
    held = Anchor(model, TEXTS, mixed=False)
    moved(model)
    first, second, third = (float(held.divergence(model, step).detach()) for step in range(3))
    assert first == third != second


@pytest.mark.parametrize("options", [{}, {"freeze": "none"}, {"method": "lora"}, {"precision": "mixed"}], ids=str)
def test_it_keeps_the_result_nearer_to_the_start(
    train: Any, rows: list[Row], review: list[Row], tied: Model, options: dict[str, Any]
) -> None:
    common = {"learning_rate": 1e-2, "batch_size": 4, "epochs": 6} | options
    _, free = train(common, "free", rows + review, model=tied)
    held, _ = train(common | {"kl": 20.0}, "held", rows + review, model=tied)
    loose, _ = train(common | {"kl": 1e-6}, "loose", rows + review, model=tied)
    assert 0 < held["divergence"] < 0.7 * loose["divergence"]
    assert free.is_dir()


def test_without_it_none_is_told(train: Any, rows: list[Row], review: list[Row]) -> None:
    figures, _ = train({}, "run", rows + review)
    assert "divergence" not in figures


def test_without_rows_to_keep_it_is_said(train: Any, passages: list[Row]) -> None:
    said: list[str] = []
    figures, _ = train({"kl": 1.0}, "run", passages, log=said.append)
    assert "kl changes nothing: there are no review and no general rows" in said
    assert "divergence" not in figures
