"""The learned optimiser: scores, selection, the previous task's weights, and bounded updates."""

from pathlib import Path

import pytest
import torch

from cem_continual.chosen import pack, unpack
from cem_continual.learned import Updates, constraint, filters, load_updates, min_max, save_updates, scores


@pytest.fixture
def updates() -> Updates:
    torch.manual_seed(0)
    return Updates(4).eval()


def test_scores_are_scaled_from_zero_to_one() -> None:
    assert torch.equal(min_max(torch.tensor([3.0, 1.0, 2.0])), torch.tensor([1.0, 0.0, 0.5]))
    assert torch.equal(min_max(torch.full((3,), 2.0)), torch.ones(3)), "what is equal matters equally"


def test_the_upper_forty_percent_are_kept() -> None:
    gradient = torch.arange(-10.0, 10.0).view(4, 5) + 0.3  # sizes all differ
    found = scores(gradient, 1.0)
    assert int((found > 0).sum()) == 8
    assert gradient.abs()[found > 0].min() > gradient.abs()[found == 0].max()
    assert found.max() == 1


def test_what_the_previous_task_chose_counts_less_at_first() -> None:
    chosen = torch.tensor([True, False])
    assert torch.equal(constraint(chosen, 0.8, 0, 30), torch.tensor([0.8, 1.0]))
    assert torch.allclose(constraint(chosen, 0.8, 10, 30), torch.tensor([0.9, 1.0]))
    assert torch.equal(constraint(chosen, 0.8, 20, 30), torch.ones(2)), "and as any other after two thirds"
    assert torch.equal(constraint(chosen, 0.8, 29, 30), torch.ones(2))
    gradient = torch.tensor([[1.0, 0.9, 0.1, 0.1, 0.1]])
    before = torch.tensor([[True, False, False, False, False]])
    first = scores(gradient, constraint(before, 0.8, 0, 3), 0.2)
    assert first.argmax() == 1, "one that was not chosen comes before it"
    assert scores(gradient, constraint(before, 0.8, 2, 3), 0.2).argmax() == 0


def test_updates_are_bounded_and_what_is_not_selected_stays(updates: Updates) -> None:
    weights, gradient = torch.randn(6, 4), 1e6 * torch.randn(6, 4)
    found = scores(gradient, 1.0)
    update = updates(weights, gradient, found)
    assert update.shape == (6, 4)
    assert update.abs().max() <= 1
    assert torch.equal(update != 0, found > 0)


def test_the_scale_of_a_block_does_not_matter(updates: Updates) -> None:
    weights, gradient = torch.randn(6, 4), torch.randn(6, 4)
    found = scores(gradient, 1.0)
    small = updates(1e-3 * weights, 1e-4 * gradient, found)
    assert torch.allclose(updates(weights, gradient, found), small, atol=1e-5)
    assert torch.isfinite(updates(weights, torch.zeros(6, 4), found)).all()


def test_filters_attend_to_each_other_unless_they_are_not_to(updates: Updates) -> None:
    weights, gradient = torch.randn(6, 4), torch.randn(6, 4)
    ones = torch.ones(6, 4)
    other = weights.clone()
    other[5] = other[5].flip(0)  # of the same scale
    assert not torch.allclose(updates(weights, gradient, ones)[0], updates(other, gradient, ones)[0])
    updates.attention = False
    assert torch.allclose(updates(weights, gradient, ones)[0], updates(other, gradient, ones)[0], atol=1e-6)


def test_filters_are_cut_from_rows() -> None:
    block = torch.arange(16.0).view(2, 8)
    assert torch.equal(filters(block, 4)[1], torch.tensor([4.0, 5, 6, 7]))
    assert torch.equal(filters(block, 4).reshape(block.shape), block)


def test_it_is_saved_and_read(tmp_path: Path) -> None:
    torch.manual_seed(1)
    made = Updates().eval()
    save_updates(made, tmp_path / "updates.safetensors")
    inputs = torch.randn(3, 8), torch.randn(3, 8), torch.ones(3, 8)
    again = load_updates(tmp_path / "updates.safetensors")(*inputs)
    assert torch.allclose(again, made(*inputs), atol=1e-6)


def test_what_was_chosen_is_packed_and_unpacked() -> None:
    chosen = [True, False, False, True, True, False, True, False, False, True]
    assert unpack(pack(chosen), 10) == chosen
    assert unpack(pack(chosen), 17) is None
