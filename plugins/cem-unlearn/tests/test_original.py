"""The divergence from the model that training began with."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from cem_trl.encoding import Example
from cem_unlearn.icu import IcuOptions
from cem_unlearn.original import divergence, expected

OPTIONS = IcuOptions(device="cpu", precision="float32")


class Fixed:
    """Expects the same after every token."""

    device, training = torch.device("cpu"), False

    def __init__(self, *logits: float) -> None:
        self.logits = torch.tensor(logits)

    def eval(self) -> None: ...

    def train(self, mode: bool) -> None: ...

    def __call__(self, input_ids: Any, **_: Any) -> Any:
        return SimpleNamespace(logits=self.logits.expand(*input_ids.shape, -1))


def test_it_is_the_kl_divergence_by_hand() -> None:
    before = expected(Fixed(0.0, 1.0, 2.0), [Example([0, 1, 2], [0, 1, 2])], OPTIONS)
    now = torch.tensor([[0.5, 0.5, 1.0]] * 2, requires_grad=True)
    p, q = torch.tensor([0.0, 1.0, 2.0]).softmax(-1), torch.tensor([0.5, 0.5, 1.0]).softmax(-1)
    by_hand = float((p * (p / q).log()).sum())
    found = divergence(before, now)
    assert float(found.detach()) == pytest.approx(by_hand, abs=1e-5)
    found.backward()  # type: ignore[no-untyped-call]
    assert now.grad is not None
    assert torch.allclose(now.grad * 2, (q - p).expand(2, 3), atol=1e-4), "the gradient of the cross entropy too"


def test_of_many_words_the_likeliest_are_kept() -> None:
    logits = torch.linspace(0, 20, 500)
    before = expected(Fixed(*logits.tolist()), [Example([0, 1], [0, 1])], OPTIONS)
    assert before[0].ids.shape == (1, 64)
    assert float(divergence(before, logits[None])) == pytest.approx(0, abs=1e-5)
    p, q = logits.softmax(-1), (logits * 0.9).softmax(-1)
    assert float(divergence(before, logits[None] * 0.9)) == pytest.approx(float((p * (p / q).log()).sum()), rel=0.1)
