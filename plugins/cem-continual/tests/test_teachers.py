"""The mathematics of two teachers."""

import pytest
import torch

from cem_continual.teachers import Prototypes, relation_losses, teacher_weights


def test_weights_sum_to_one_and_prefer_the_better_teacher() -> None:
    losses = torch.tensor([[1.0, 3.0, 2.0], [2.0, 1.0, 2.0]])
    weights = teacher_weights(losses)
    assert torch.allclose(weights.sum(0), torch.ones(3))
    assert weights[0, 0] > 0.5 > weights[0, 1]
    assert weights[0, 2] == pytest.approx(0.5)


def test_a_high_temperature_trusts_them_alike_and_one_teacher_is_trusted_wholly() -> None:
    assert torch.allclose(teacher_weights(torch.tensor([[1.0], [9.0]]), 1e6), torch.tensor(0.5), atol=1e-4)
    assert torch.equal(teacher_weights(torch.tensor([[1.0, 9.0]])), torch.ones(1, 2))


def test_prototypes_are_the_centres_of_groups() -> None:
    torch.manual_seed(0)
    directions = torch.eye(3).repeat_interleave(20, 0)
    points = 100 + directions + 0.02 * torch.randn(60, 3)  # a mean far off, as hidden states have it
    for seed in range(3):
        found = Prototypes(points, 3, seed).relations(points)
        groups = found.argmax(1).view(3, 20)
        assert (groups == groups[:, :1]).all(), "what lies together belongs together"
    assert found.abs().max() <= 1 + 1e-5


def test_there_are_no_more_prototypes_than_samples_and_one_sample_is_no_error() -> None:
    assert Prototypes(torch.randn(4, 8), 16, 0).centres.shape == (4, 8)
    assert torch.isfinite(Prototypes(torch.randn(1, 8), 16, 0).relations(torch.randn(2, 8))).all()


def test_what_has_not_moved_has_no_relation_loss() -> None:
    points = torch.randn(10, 8)
    prototypes = Prototypes(points, 4, 0)
    before = prototypes.relations(points)
    assert torch.equal(relation_losses(before, before), torch.zeros(10))
    assert (relation_losses(prototypes.relations(points + torch.randn(10, 8)), before) > 0).all()
