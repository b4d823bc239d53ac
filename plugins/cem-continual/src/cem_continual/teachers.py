"""What two teachers say of the same samples, how much each is trusted, and how samples lie to prototypes.

The mathematics of MulKI (arXiv 2411.06764) as reconstructed here; see `cem_continual.mulki`.
"""

import torch
from torch.nn.functional import normalize


def teacher_weights(losses: torch.Tensor, temperature: float = 1.0) -> torch.Tensor:
    """How much each teacher is trusted with each sample: softmax over teachers of -loss / temperature.

    `losses` are (teachers, samples), each teacher's on the gold answer, in nats; so are the weights, which sum to 1 for
    every sample.
    """
    return torch.softmax(-losses / temperature, dim=0)


class Prototypes:
    """Centres of groups of samples, as one teacher represents them.

    Groups are found by k-means on directions. Representations are taken from their mean: those of language models all
    point the same way, and would be alike without.
    """

    def __init__(self, representations: torch.Tensor, count: int, seed: int, rounds: int = 10) -> None:
        """`representations` are (samples, width), one or more; of so many samples there are `count` prototypes at
        most."""
        self._mean = representations.mean(0)
        points = self._directions(representations)
        chance = torch.Generator().manual_seed(seed)
        first = torch.randperm(len(points), generator=chance)[:count].to(points.device)
        self.centres = points[first]
        """(prototypes, width), of length 1."""
        for _ in range(rounds):
            nearest = (points @ self.centres.T).argmax(1)
            sums = torch.zeros_like(self.centres).index_add(0, nearest, points)
            empty = sums.norm(dim=1, keepdim=True) == 0
            self.centres = torch.where(empty, self.centres, normalize(sums, dim=1))

    def relations(self, representations: torch.Tensor) -> torch.Tensor:
        """Relation vectors, (samples, prototypes): the cosine of each sample to every prototype."""
        return self._directions(representations) @ self.centres.T

    def _directions(self, representations: torch.Tensor) -> torch.Tensor:
        return normalize(representations - self._mean, dim=1)


def relation_losses(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """(samples,), the mean squared difference of relation vectors, each (samples, prototypes)."""
    return (student - teacher).square().mean(1)
