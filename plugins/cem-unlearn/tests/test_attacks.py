"""Small models that tell by losses whether a text was trained on."""

import torch

from cem_unlearn.attacks import features, fit_attacks, mean_loss

CHANCE = torch.Generator().manual_seed(0)
MEMBERS = 1 + 0.3 * torch.randn(40, 3, generator=CHANCE)
OTHERS = 3 + 0.3 * torch.randn(40, 3, generator=CHANCE)
ATTACKS = fit_attacks(MEMBERS, OTHERS, 6, seed=0)


def test_members_are_told_by_their_loss() -> None:
    assert [attack.feature for attack in ATTACKS] == [0, 1, 2, 0, 1, 2]
    for attack in ATTACKS:
        assert (attack.log_odds(MEMBERS) > 0).float().mean() > 0.95
        assert (attack.log_odds(OTHERS) < 0).float().mean() > 0.95


def test_each_learnt_from_texts_of_its_own() -> None:
    assert ATTACKS[0] != ATTACKS[3]
    assert fit_attacks(MEMBERS, OTHERS, 6, seed=0) == ATTACKS, "by the seed alone"


def test_less_like_a_member_than_others_are_gains_nothing() -> None:
    low, usual, high = (torch.full((1, 3), value, requires_grad=True) for value in (1.0, 3.5, 9.0))
    mean_loss(ATTACKS, low).backward()  # type: ignore[no-untyped-call]
    assert low.grad is not None
    assert (low.grad < 0).all(), "more loss is less like a member"
    assert mean_loss(ATTACKS, usual) == mean_loss(ATTACKS, high)
    mean_loss(ATTACKS, high).backward()  # type: ignore[no-untyped-call]
    assert high.grad is not None
    assert not high.grad.any()


def test_what_learnt_from_chance_is_left_out() -> None:
    assert not fit_attacks(OTHERS, MEMBERS, 6, seed=0), "members with more loss than others"


def test_classes_that_are_told_perfectly_have_finite_models() -> None:
    (attack,) = fit_attacks(torch.zeros(4, 3), torch.ones(4, 3), 1, seed=0)
    assert 0 < attack.slope < 1e3


def test_features_of_each_text() -> None:
    losses = torch.tensor([1.0, 2.0, 3.0, 4.0, 10.0, 7.0])
    found = features(losses, torch.tensor([0, 0, 0, 0, 0, 1]), 2)
    torch.testing.assert_close(found, torch.tensor([[4.0, 10.0, 17 / 3], [7.0, 7.0, 7.0]]))
