"""Gradients through a step of unlearning."""

import copy
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from cem_trl.encoding import Example
from cem_unlearn.attacks import Attack
from cem_unlearn.ltu import LtuOptions
from cem_unlearn.meta import LearningToUnlearn

WORDS, WIDTH = 7, 4
FORGET = [Example([1, 2, 3, 4], [1, 2, 3, 4]), Example([2, 5, 6], [-100, 5, 6])]
REMAINING = [Example([0, 3, 3], [0, 3, 3]), Example([4, 1, 0, 2], [4, 1, 0, 2])]


class Toy(torch.nn.Module):
    """Predicts a word by the one before it; smooth, and with gradients of gradients."""

    device = torch.device("cpu")

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = torch.nn.Embedding(WORDS, WIDTH)
        self.head = torch.nn.Linear(WIDTH, WORDS)
        self.config = SimpleNamespace(get_text_config=lambda: SimpleNamespace(vocab_size=WORDS))

    def forward(self, input_ids: Any, attention_mask: Any, use_cache: bool) -> Any:
        return SimpleNamespace(logits=self.head(torch.tanh(self.embed(input_ids))))


def method(toy: Any, **options: Any) -> LearningToUnlearn:
    made = LearningToUnlearn(
        LtuOptions(**{"batch_size": 4, "inner_learning_rate": 0.5, "harmonise": "none"} | options),
        SimpleNamespace(config_folder=Path()),  # type: ignore[arg-type]
    )
    made._forgetting, made._limit = 2, 1e6
    made.attacks = [Attack(0, 1.0, 2.0, -50.0), Attack(1, 0.5, 1.0, -50.0)]
    return made


def gradient(made: LearningToUnlearn, toy: Any) -> torch.Tensor:
    toy.zero_grad()
    made.step(toy, [*FORGET, *REMAINING], 0)
    return torch.cat([weight.grad.flatten() for weight in toy.parameters()])


def numerical(made: LearningToUnlearn, toy: Any, which: Sequence[int]) -> torch.Tensor:
    """By central differences of the whole loss."""
    flat = torch.nn.utils.parameters_to_vector(toy.parameters()).detach()

    def at(values: torch.Tensor) -> float:
        moved = copy.deepcopy(toy)
        torch.nn.utils.vector_to_parameters(values, moved.parameters())
        return float(made.step(moved, [*FORGET, *REMAINING], 0))

    found, by = [], 1e-2
    for each in which:
        change = torch.zeros_like(flat)
        change[each] = by
        found.append((at(flat + change) - at(flat - change)) / (2 * by))
    return torch.tensor(found)


@pytest.mark.parametrize("feedback", ["membership", "loss"])
def test_they_are_those_of_finite_differences(feedback: str) -> None:
    toy = Toy()
    made = method(toy, feedback=feedback)
    found = gradient(made, toy)
    assert (found != 0).float().mean() > 0.9
    which = range(0, len(found), 3)
    torch.testing.assert_close(found[which], numerical(made, toy, which), atol=2e-3, rtol=2e-2)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_remembering_alone_has_gradients_too(weight: float) -> None:
    toy = Toy()
    assert gradient(method(toy, forget_weight=weight), toy).norm() > 1e-2


def moved(made: LearningToUnlearn, toy: Any) -> Any:
    """A copy with the weights that are tried."""
    tuning = made.forgetting(toy, FORGET, made.attacks[::2])
    tried = made.tried(dict(toy.named_parameters()), tuning)
    there = copy.deepcopy(toy)
    torch.nn.utils.vector_to_parameters(
        torch.cat([each.detach().flatten() for each in tried.values()]), there.parameters()
    )
    return there


def test_the_first_order_ones_are_those_at_the_tried_weights() -> None:
    toy = Toy()
    made = method(toy, first_order=True)
    found = gradient(made, toy)
    there = moved(made, toy)
    at_start = made.forgetting(toy, FORGET, made.attacks[::2]) / 2
    at_tried = made.forgetting(there, FORGET, made.attacks[1::2]) / 2 + made.remembering(there, REMAINING)
    here, later = (
        torch.autograd.grad(loss, list(each.parameters())) for loss, each in ((at_start, toy), (at_tried, there))
    )
    wanted = torch.cat([(one + two).flatten() for one, two in zip(here, later, strict=True)])
    torch.testing.assert_close(found, wanted)
    assert (found - gradient(method(toy), toy)).abs().max() > 1e-2, "the second order is worth something"


@pytest.mark.parametrize("feedback", ["membership", "loss"])
def test_a_tried_step_unlearns(feedback: str) -> None:
    toy = Toy()
    made = method(toy, feedback=feedback)
    before, after = (made.forgetting(each, FORGET, made.attacks[1::2]) for each in (toy, moved(made, toy)))
    assert after < before, "by the models that it was not tried against, too"


def test_conflicts_are_counted_and_solved() -> None:
    toy = Toy()
    made = method(toy, feedback="loss", harmonise="forget", inner_learning_rate=0)
    both = [*FORGET, *FORGET]  # to be remembered and forgotten
    made.step(toy, both, 0)
    assert made.state() == {"steps": torch.tensor(1), "conflicts": torch.tensor(1)}
    found = torch.cat([weight.grad.flatten() for weight in toy.parameters()])  # type: ignore[union-attr]
    toy.zero_grad()
    made.options = made.options.model_copy(update={"forget_weight": 0.0})  # of what is opposed nothing was left
    made.step(toy, both, 0)
    alone = torch.cat([weight.grad.flatten() for weight in toy.parameters()])  # type: ignore[union-attr]
    torch.testing.assert_close(found, alone, atol=1e-5, rtol=1e-4)
    made.restore({"steps": torch.tensor(3), "conflicts": torch.tensor(2)})
    assert int(made.state()["steps"]) == 3
