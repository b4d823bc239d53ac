"""Losses of examples, for methods."""

from typing import Any

import torch
from transformers import AutoModelForCausalLM

from cem_trl.encoding import IGNORED, Example
from cem_trl.passes import example_losses, padded, predictions

EXAMPLES = [Example([5, 6, 7, 8], [IGNORED, IGNORED, 7, 8]), Example([5, 9], [5, 9]), Example([4], [4])]


def test_each_examples_loss_is_that_of_the_model_alone(context: Any) -> None:
    model = AutoModelForCausalLM.from_pretrained(context().model.path)
    together = example_losses(model, EXAMPLES)
    for example, loss in zip(EXAMPLES[:2], together, strict=False):
        inputs = {"input_ids": torch.tensor([example.input_ids]), "labels": torch.tensor([example.labels])}
        assert torch.allclose(model(**inputs).loss, loss, atol=1e-6)
    assert together[2] == 0, "nothing is predicted"


def test_what_is_predicted_is_told_row_by_row(context: Any) -> None:
    model = AutoModelForCausalLM.from_pretrained(context().model.path)
    logits, tokens, rows = predictions(model, EXAMPLES)
    assert tokens.tolist() == [7, 8, 9]
    assert rows.tolist() == [0, 0, 1]
    assert logits.shape == (3, model.config.vocab_size)


def test_padding_has_neither_attention_nor_label() -> None:
    inputs = padded(EXAMPLES)
    assert inputs["attention_mask"].sum(1).tolist() == [4, 2, 1]
    assert inputs["labels"][1].tolist() == [5, 9, IGNORED, IGNORED]
