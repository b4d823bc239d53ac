"""The loss for CPUs against PyTorch's and TRL's."""

from typing import Any

import pytest
import torch

from cem_toolkit.api import Model, Row
from cem_trl import head_loss, padding, sft
from cem_trl.encoding import Encoder
from cem_trl.models import usable_tokenizer
from cem_trl.prepare import make_trainer
from cem_trl.trainer import Trl

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.mark.parametrize("logit_bytes", [2**20, 7 * 31 * 4], ids=["one-chunk", "chunks"])
def test_loss_and_gradients_are_those_of_cross_entropy(monkeypatch: pytest.MonkeyPatch, logit_bytes: int) -> None:
    monkeypatch.setattr(head_loss, "LOGIT_BYTES", logit_bytes)
    monkeypatch.setattr(head_loss, "TILE_ELEMENTS", 3 * 31)
    monkeypatch.setattr(head_loss, "BLOCK", 9)
    torch.manual_seed(0)
    hidden, weight = torch.randn(20, 8, requires_grad=True), torch.randn(31, 8, requires_grad=True)
    targets = torch.randint(31, (20,))
    expected = torch.nn.functional.cross_entropy(hidden @ weight.t(), targets)
    wanted = torch.autograd.grad(2 * expected, (hidden, weight))
    loss = head_loss.head_loss(hidden, weight, targets, 1 / 20)
    torch.testing.assert_close(loss, expected)
    (2 * loss).backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close((hidden.grad, weight.grad), wanted)


def test_a_frozen_head_gets_no_gradient() -> None:
    hidden, weight = torch.randn(4, 8, requires_grad=True), torch.randn(31, 8)
    head_loss.head_loss(hidden, weight, torch.tensor([1, 2, 3, 4]), 1.0).backward()  # type: ignore[no-untyped-call]
    assert hidden.grad is not None
    assert weight.grad is None


@pytest.mark.parametrize("options", [{}, {"gradient_checkpointing": False}, {"method": "lora"}], ids=str)
@pytest.mark.parametrize("precision", ["float32", "mixed"])
def test_a_step_s_loss_and_gradients_are_trl_s_own(
    context: Any, rows: list[Row], monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], precision: str
) -> None:
    monkeypatch.setattr(padding, "PASS", 8)  # such short rows would all be padded together

    def gradients() -> tuple[float, dict[str, torch.Tensor]]:
        ctx = context()
        tokenizer = usable_tokenizer(ctx)
        encoder = Encoder(tokenizer, 512, chat=False)
        order = sorted((each for row in rows for each in encoder.encode(row)), key=lambda each: len(each.input_ids))
        assert len(padding.runs([len(each.input_ids) for each in order])) > 1
        trainer = make_trainer(order, tokenizer, Trl.Options(precision=precision, **options), ctx, "cpu", precision)
        trainer.model = trainer.accelerator.prepare_model(trainer.model)
        batch = next(iter(trainer.get_train_dataloader()))
        count = (batch["labels"][:, 1:] != -100).sum()
        trainer.model.train()
        loss = trainer.compute_loss(trainer.model, batch, num_items_in_batch=count)
        loss.backward()
        return loss.item(), {n: p.grad for n, p in trainer.model.named_parameters() if p.grad is not None}

    ours, our_gradients = gradients()
    monkeypatch.setattr(sft, "_is_plain_on_cpu", lambda model: False)
    theirs, their_gradients = gradients()
    assert ours == pytest.approx(theirs, rel=1e-5 if precision == "float32" else 2e-2)
    assert our_gradients.keys() == their_gradients.keys() != set()
    for name, gradient in our_gradients.items():
        error = (gradient - their_gradients[name]).norm() / their_gradients[name].norm().clamp(min=1e-6)
        assert error < (1e-4 if precision == "float32" else 5e-2), name


@pytest.mark.parametrize("setting", [{"final_logit_softcapping": 30.0}, {"logit_scale": 0.5}], ids=str)
def test_architectures_that_change_their_logits_keep_trl_s_loss(tied: Model, setting: dict[str, float]) -> None:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tied.path)
    assert sft._is_plain_on_cpu(model)
    model.config.update(setting)
    assert not sft._is_plain_on_cpu(model)
