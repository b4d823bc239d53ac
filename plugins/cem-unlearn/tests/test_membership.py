"""The membership attack, on texts whose answer is known."""

import numpy as np
import pytest

from cem_unlearn.membership import attack, features, separation
from cem_unlearn.reading import Read


def reads(*losses: float) -> list[Read]:
    return [Read((each, each + 1, 0.0, 0.0, 0.0), (False,) * 5) for each in losses]


def test_features_are_losses() -> None:
    found = features(reads(1.0), reads(3.0))
    assert found.tolist() == [pytest.approx([0.6, 2.0, 0.6 - 1.4])]


def test_what_lies_apart_is_told_apart() -> None:
    known, strange = features(reads(*np.linspace(0, 1, 8))), features(reads(*np.linspace(5, 6, 8)))
    found = attack(known, strange, known, strange, seed=0)
    assert (found.auc, found.low, found.high) == (1, 1, 1)
    assert attack(known, strange, strange, known, seed=0).auc == 0, "overshoot is below a half"


def test_the_same_is_not() -> None:
    scores = np.arange(40.0)
    found = separation(scores, scores, seed=0)
    assert found.auc == 0.5
    assert found.low < 0.5 < found.high
