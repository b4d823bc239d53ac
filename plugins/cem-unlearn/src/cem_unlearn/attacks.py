"""Small membership-inference models: they tell by a text's losses whether a language model was trained on it.

Each is a logistic regression of one feature, so that a gradient through it has one meaning: less like a member is
more loss. A model that would have it the other way round learnt from chance and is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from cem_trl.passes import example_means

WORST = 0.2
"""The share of a text's tokens, those with the highest loss, that Min-K% Prob (arXiv 2310.16789) looks at."""
PENALTY = 1e-2
"""On the square of a slope, in units of the feature's standard deviation: members may be told perfectly."""
STEPS = 25
"""Of Newton's method."""


def features(losses: torch.Tensor, rows: torch.Tensor, count: int) -> torch.Tensor:
    """(count, 3): the mean loss of each example, that of its worst tokens, and that of its second half.

    `losses` are the tokens', (tokens,), `rows` the number of each one's example, in order. Differentiable.
    """
    whole = example_means(losses, rows, count)
    worst, later = [], []
    for number in range(count):
        own = losses[rows == number]
        worst.append(own.topk(max(1, int(WORST * len(own)))).values.mean())
        later.append(own[len(own) // 2 :].mean())
    return torch.stack([whole, torch.stack(worst), torch.stack(later)], 1)


@dataclass(frozen=True)
class Attack:
    """One model: the log-odds of being a member fall by `slope` for a nat of its feature."""

    feature: int
    slope: float
    offset: float
    usual: float
    """The median of the log-odds of those that are none."""

    def log_odds(self, features: torch.Tensor) -> torch.Tensor:
        return self.offset - self.slope * features[:, self.feature]

    def loss(self, features: torch.Tensor) -> torch.Tensor:
        """(examples,): how surely each is told to be no member, as a loss. Nothing is gained by looking even less like
        a member than half of those that are none."""
        return torch.nn.functional.softplus(self.log_odds(features).clamp(min=self.usual))


def fit_attacks(members: torch.Tensor, others: torch.Tensor, count: int, seed: int) -> list[Attack]:
    """Up to `count` models, each of one feature in turn, on its own random half of `members` and of `others`, both
    (examples, features), two examples at least."""
    chance = torch.Generator().manual_seed(seed)
    found = []
    for number in range(count):
        feature = number % members.shape[1]
        one, two = (_half(each[:, feature].double().cpu(), chance) for each in (members, others))
        slope, offset = _logistic(one, two)
        if slope > 0:
            usual = offset - slope * float(two.median())
            found.append(Attack(feature, slope, offset, usual))
    return found


def _half(values: torch.Tensor, chance: torch.Generator) -> torch.Tensor:
    return values[torch.randperm(len(values), generator=chance)[: max(1, len(values) // 2)]]


def _logistic(members: torch.Tensor, others: torch.Tensor) -> tuple[float, float]:
    """Slope and offset of the log-odds `offset - slope * value`; both classes count alike."""
    values = torch.cat([members, others])
    mean, scale = values.mean(), values.std().clamp(min=1e-6)
    inputs = torch.stack([torch.ones_like(values), -(values - mean) / scale], 1)
    wanted = torch.cat([torch.ones_like(members), torch.zeros_like(others)])
    weights = torch.cat([torch.full_like(members, 0.5 / len(members)), torch.full_like(others, 0.5 / len(others))])
    penalty = torch.diag(torch.tensor([1e-9, PENALTY], dtype=values.dtype))
    line = torch.zeros(2, dtype=values.dtype)
    for _ in range(STEPS):
        told = torch.sigmoid(inputs @ line)
        gradient = inputs.T @ (weights * (told - wanted)) + penalty @ line
        curvature = (inputs * (weights * told * (1 - told))[:, None]).T @ inputs + penalty
        line = line - torch.linalg.solve(curvature, gradient)
    slope = float(line[1] / scale)
    return slope, float(line[0] + line[1] * mean / scale)


def mean_loss(attacks: Sequence[Attack], found: torch.Tensor) -> torch.Tensor:
    """Of all examples under all attacks; `found` are their features."""
    return torch.stack([attack.loss(found) for attack in attacks]).mean()
