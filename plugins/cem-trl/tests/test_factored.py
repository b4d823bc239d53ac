"""The optimiser with factored second moments."""

import copy

import pytest
import torch

from cem_trl import factored
from cem_trl.factored import FactoredAdamW

SETTINGS = {"lr": 1e-2, "weight_decay": 0.1}


def stepped(optimizer: type[torch.optim.Optimizer], start: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """`start` after one step for each of `gradients`."""
    weight = torch.nn.Parameter(start.clone())
    steps = optimizer([weight], **SETTINGS)
    for gradient in gradients:
        weight.grad = gradient.to(weight.dtype)
        steps.step()
    return weight.detach()


@pytest.mark.parametrize("shape", [(6,), (2, 3, 4)], ids=str)
def test_what_is_no_matrix_is_stepped_as_by_adamw(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    start, gradients = torch.randn(shape), torch.randn(5, *shape)
    expected = stepped(torch.optim.AdamW, start, gradients)
    torch.testing.assert_close(stepped(FactoredAdamW, start, gradients), expected, atol=2e-4, rtol=0)


def test_a_matrix_whose_squared_gradients_are_of_rank_one_is_stepped_as_by_adamw() -> None:
    torch.manual_seed(0)
    sizes = torch.rand(7, 1) @ torch.rand(1, 5)
    start, gradients = torch.randn(7, 5), torch.randn(4, 1, 1).abs() * sizes * torch.sign(torch.randn(4, 7, 5))
    expected = stepped(torch.optim.AdamW, start, gradients)
    torch.testing.assert_close(stepped(FactoredAdamW, start, gradients), expected, atol=2e-4, rtol=0)


def test_other_matrices_are_stepped_about_as_by_adamw() -> None:
    torch.manual_seed(0)
    start, gradients = torch.zeros(40, 30), torch.randn(20, 40, 30)
    one, other = (stepped(each, start, gradients) for each in (torch.optim.AdamW, FactoredAdamW))
    assert torch.nn.functional.cosine_similarity(one.flatten(), other.flatten(), dim=0) > 0.95
    assert 0.9 < other.norm() / one.norm() < 1.1


def test_tiles_change_nothing_but_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    start, gradients = torch.randn(11, 6), torch.randn(3, 11, 6)
    whole = stepped(FactoredAdamW, start, gradients)
    monkeypatch.setattr(factored, "TILE_ELEMENTS", 12)
    torch.testing.assert_close(stepped(FactoredAdamW, start, gradients), whole)


def test_small_gradients_and_a_weight_in_bfloat16() -> None:
    start, gradients = torch.ones(4, 4, dtype=torch.bfloat16), torch.full((3, 4, 4), 1e-6)
    changed = stepped(FactoredAdamW, start, gradients)
    assert changed.dtype == torch.bfloat16
    torch.testing.assert_close(changed.float(), torch.full((4, 4), 0.967), atol=8e-3, rtol=0)


def test_a_matrix_takes_two_bytes_of_state_for_a_weight() -> None:
    weight = torch.nn.Parameter(torch.zeros(300, 200))
    optimizer = FactoredAdamW([weight])
    weight.grad = torch.ones_like(weight)
    optimizer.step()
    state = [value for value in optimizer.state[weight].values() if isinstance(value, torch.Tensor)]
    assert sum(value.numel() * value.element_size() for value in state) == 2 * 300 * 200 + 4 * (300 + 200)


def test_a_loaded_state_goes_on_with_the_same_bits() -> None:
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.randn(5, 4))
    optimizer = FactoredAdamW([weight], **SETTINGS)
    weight.grad = torch.randn(5, 4)
    optimizer.step()
    twin = torch.nn.Parameter(weight.detach().clone())
    other = FactoredAdamW([twin], lr=1.0)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert other.state[twin]["mean"].dtype == torch.bfloat16
    twin.grad = weight.grad = torch.randn(5, 4)
    optimizer.step()
    other.step()
    assert torch.equal(weight, twin)
