"""Two gradients that do not work against each other."""

import pytest
import torch

from cem_unlearn.harmony import Side, harmonised, product

RIGHT, UP = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])


def test_the_part_against_the_other_goes() -> None:
    kept, gone = harmonised([RIGHT], [2 * UP - 3 * RIGHT])
    assert torch.equal(kept[0], RIGHT)
    assert torch.equal(gone[0], 2 * UP)


def test_gradients_that_agree_stay() -> None:
    kept, gone = harmonised([RIGHT], [RIGHT + UP])
    assert (kept[0].tolist(), gone[0].tolist()) == ([1, 0], [1, 1])


@pytest.mark.parametrize("side", ["forget", "remember", "both"])
def test_afterwards_nothing_conflicts(side: Side) -> None:
    chance = torch.Generator().manual_seed(0)
    conflicts = 0
    for _ in range(50):
        one, two = ([torch.randn(3, 2, generator=chance), torch.randn(4, generator=chance)] for _ in range(2))
        conflicts += bool(product(one, two) < 0)
        assert product(*harmonised(one, two, side)) > -1e-5
    assert conflicts > 10, "some did before"


def test_none_leaves_both() -> None:
    kept, gone = harmonised([RIGHT], [-RIGHT], "none")
    assert product(kept, gone) == -1


def test_no_gradient_conflicts_with_nothing() -> None:
    kept, gone = harmonised([torch.zeros(2)], [UP], "both")
    assert (kept[0].tolist(), gone[0].tolist()) == ([0, 0], [0, 1])
