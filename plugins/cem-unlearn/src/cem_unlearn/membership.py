"""Whether texts can be told from such as a model never saw: a membership attack.

A logistic regression on what a model expects of a text learns to tell members from strangers, and judges other ones.
Its features: the mean loss, the mean of the largest fifth of the tokens' losses (Min-K% Prob, Shi et al., arXiv
2310.16789), and the loss less that of a reference model, where there is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cem_unlearn.reading import Read

LARGEST = 0.2
DRAWS = 1000
"""Of the bootstrap."""

Features = NDArray[np.float64]


@dataclass(frozen=True)
class Separation:
    """The area under the ROC curve, with its 95 % interval: 0.5 where nothing is told apart, below where texts look
    less like members than such as were never seen."""

    auc: float
    low: float
    high: float


def features(reads: Sequence[Read], reference: Sequence[Read] | None = None) -> Features:
    """(texts, 2), or (texts, 3) with a `reference` model's reading of the same texts."""
    columns = [[each.loss for each in reads], [_largest(each) for each in reads]]
    if reference is not None:
        columns.append([each.loss - other.loss for each, other in zip(reads, reference, strict=True)])
    return np.array(columns).T


def attack(members: Features, strangers: Features, judged: Features, unseen: Features, seed: int) -> Separation:
    """How well an attack that learnt from `members` and `strangers` tells `judged` from `unseen`."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    model.fit(np.vstack([members, strangers]), [1] * len(members) + [0] * len(strangers))
    return separation(model.decision_function(judged), model.decision_function(unseen), seed)


def separation(positive: NDArray[np.float64], negative: NDArray[np.float64], seed: int) -> Separation:
    """Of scores, where equal ones count half; the interval is a percentile bootstrap over both sets."""
    above = (positive[:, None] > negative[None]) + 0.5 * (positive[:, None] == negative[None])
    chance = np.random.default_rng(seed)
    rows, columns = (chance.integers(0, n, (DRAWS, n)) for n in above.shape)
    drawn = [above[np.ix_(*each)].mean() for each in zip(rows, columns, strict=True)]
    return Separation(float(above.mean()), *(float(each) for each in np.quantile(drawn, (0.025, 0.975))))


def _largest(read: Read) -> float:
    count = max(1, round(LARGEST * len(read.losses)))
    return sum(sorted(read.losses)[-count:]) / count
