"""The methods' equations, on numbers that can be worked out by hand."""

import math
from typing import Any

import pytest
import torch

from cem_continual.balance import Prior, balanced_losses
from cem_continual.clip_method import leaving, pace
from cem_continual.contrast import representations, supervised_contrast
from cem_continual.delta_method import inverse_frequency
from cem_continual.soft_targets import SoftTargets
from cem_trl.encoding import IGNORED, Example

NAN = math.nan


def test_pacing_begins_with_a_share_and_ends_with_all() -> None:
    assert [pace(step, 100, 1000, 0.2, 0.5) for step in (0, 25, 50, 99)] == [200, 600, 1000, 1000]
    assert pace(0, 100, 1000, 1.0, 0.5) == 1000


def test_the_least_losses_of_the_seen_leave() -> None:
    losses = torch.tensor([3.0, NAN, 1.0, 2.0, math.inf, 0.5, NAN, 4.0])
    assert leaving(losses, 0.4, 0) == [5, 2], "two fifths of the five seen that are still there"
    assert leaving(losses, 0.0, 0) == []


def test_pruning_keeps_its_floor() -> None:
    losses = torch.arange(10.0)
    for _ in range(9):
        losses[leaving(losses, 0.3, 4)] = math.inf
    assert (losses != math.inf).nonzero()[:, 0].tolist() == [6, 7, 8, 9]
    assert leaving(losses, 0.9, 5) == []


def test_pruning_by_chance_leaves_losses_aside() -> None:
    losses, chance = torch.arange(4.0), torch.tensor([0.9, 0.1, 0.8, 0.2])
    assert leaving(losses, 0.5, 0, chance) == [1, 3]


def test_contrast_by_hand() -> None:
    """Two of label a at a right angle to each other, one b along the first."""
    features = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    found = supervised_contrast(features, ["a", "a", "b"], 0.5)
    one = math.log(math.exp(0) + math.exp(2)) - 0  # the first: its like at 0, b at 1 / 0.5
    two = math.log(math.exp(0) + math.exp(0)) - 0
    assert float(found) == pytest.approx((one + two) / 2, rel=1e-5)


def test_contrast_without_pairs_is_nothing() -> None:
    features = torch.eye(3, requires_grad=True)
    found = supervised_contrast(features, ["a", "b", "c"], 0.1)
    assert found.item() == supervised_contrast(features, ["", "", "b"], 0.1).item() == 0
    found.backward()  # type: ignore[no-untyped-call]


def test_representations_are_the_mean_over_the_prompt(tiny: Any) -> None:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny.path)
    ids = [5, 6, 7, 8]
    prompted, text = Example(ids, [IGNORED, IGNORED, 7, 8]), Example(ids, list(ids))
    states = model(torch.tensor([ids]), output_hidden_states=True).hidden_states[-1][0]
    found = representations(model, [prompted, text, Example([5, 6], [IGNORED, 6])])
    assert torch.allclose(found[0], torch.nn.functional.normalize(states[:2].mean(0), dim=0), atol=1e-5)
    assert torch.allclose(found[1], torch.nn.functional.normalize(states.mean(0), dim=0), atol=1e-5)


def test_balanced_losses_are_cross_entropy_with_log_prior() -> None:
    """Of labels that differ in their first token: among these as published, plus that it is one of them."""
    logits = torch.randn(1, 6, generator=torch.Generator().manual_seed(0))
    counts = {(1,): 90.0, (2,): 9.0, (4,): 1.0}
    found = balanced_losses(logits, torch.tensor([4]), [(4,)], Prior(counts))
    among = logits[:, [1, 2, 4]] + torch.tensor([90.0, 9.0, 1.0]).log()
    published = torch.nn.functional.cross_entropy(among, torch.tensor([2]))
    one_of_them = logits.logsumexp(-1) - logits[:, [1, 2, 4]].logsumexp(-1)
    assert float(found[0]) == pytest.approx(float(published + one_of_them), rel=1e-5)


def test_balanced_losses_with_equal_counts_are_plain() -> None:
    logits = torch.randn(3, 6, generator=torch.Generator().manual_seed(1))
    tokens = torch.tensor([1, 2, 1])
    found = balanced_losses(logits, tokens, [(1, 2), (1,)], Prior({(1, 2): 5.0, (1, 3): 5.0}))
    assert torch.allclose(found, torch.nn.functional.cross_entropy(logits, tokens, reduction="none"), atol=1e-6)


def test_balance_counts_where_labels_part() -> None:
    """Labels 1 2 and 1 3 share their first token: only the second is weighed, by what follows there."""
    prior = Prior({(1, 2): 8.0, (1, 3): 2.0})
    assert list(prior.choices((1, 3))) == [(1, {2: 8.0, 3: 2.0})]
    logits = torch.zeros(2, 6)
    found = balanced_losses(logits, torch.tensor([1, 3]), [(1, 3)], prior)
    assert float(found[0]) == pytest.approx(math.log(6))
    assert float(found[1]) == pytest.approx(math.log(3) - math.log(0.2), rel=1e-5)


def test_divergence_from_stored_predictions() -> None:
    """Nothing from themselves, and as KL has it where all words are kept."""
    before = torch.tensor([[2.0, 0.0, -1.0]])
    now = torch.tensor([[0.0, 1.0, 0.0]])
    stored = SoftTargets.of(before, 5.0)
    assert float(stored.divergence(before)[0]) == pytest.approx(0, abs=1e-5)
    expected = torch.nn.functional.kl_div((now / 5).log_softmax(-1), (before / 5).softmax(-1), reduction="sum")
    assert float(stored.divergence(now)[0]) == pytest.approx(float(expected), abs=1e-5)


def test_stored_predictions_fit_their_row_or_are_left() -> None:
    stored = SoftTargets.of(torch.zeros(3, 9), 5.0)
    assert [len(each.predicted.ids) for each in stored.parts([1, 2], 9)] == [1, 2]
    assert stored.parts([1, 1], 9) == stored.parts([3], 8) == []


def test_weights_go_by_inverse_frequency() -> None:
    """Of 8 and 2 rows: four times as much, 1 in the mean; what has no label stays."""
    found = inverse_frequency({"a": 8.0, "b": 2.0, "": 90.0}, 10.0)
    assert found == pytest.approx({"a": 0.625, "b": 2.5, "": 1.0})
    assert inverse_frequency({"a": 8.0, "b": 2.0}, 2.0) == pytest.approx({"a": 10 / 12, "b": 20 / 12})
    assert inverse_frequency({"": 3.0}, 2.0) == {"": 1.0}
