"""DELTA in its own domain: a long-tailed stream of digits, each seen once.

    python benchmarks/related/vision_delta.py

Five tasks of two digits; from the commonest digit to the rarest (in an order by chance) the images fall exponentially
to `RHO` of the most. Images come once, ten at a time, with as many of a memory that is a reservoir of all so far. What
counts is accuracy as the mean over digits. All variants have the same network, memory and order, and make the same
steps on the same images.

- plain replay: cross entropy on batch and memory;
- SCR-like: the supervised contrastive loss, and the nearest mean of the memory's representations;
- delta: the same loss in a first stage, then a head trained by balanced softmax on representations that stay;
- delta, plain head: the same with plain cross entropy.
"""

from collections.abc import Iterator
from random import Random

import torch
from digits import CLASSES, FEATURES, convolutions, digits
from torch import nn
from torch.nn.functional import cross_entropy, normalize
from trying import Claim, Figures, arguments, try_all

from cem_continual.contrast import supervised_contrast
from cem_continual.delta import DeltaOptions
from cem_continual.reservoir import reservoir
from cem_toolkit.forgetting import matrix

RHO = 0.05
BATCH, MEMORY, WIDTH, RATE = 10, 50, 64, 2e-3
TEMPERATURE = DeltaOptions().temperature
PASSES = 4
"""Steps on each batch with its draw of the memory; draws differ."""
HEAD_STEPS = 200
Batch = tuple[torch.Tensor, torch.Tensor]


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(*convolutions(), nn.Linear(FEATURES, WIDTH))
        self.head = nn.Linear(WIDTH, CLASSES)

    def represent(self, images: torch.Tensor) -> torch.Tensor:
        """(images, width), of length 1."""
        return normalize(self.body(images), dim=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.represent(images) / TEMPERATURE**0.5)  # type: ignore[no-any-return]


class Stream:
    """The tasks of one seed: of which digits, and their images in order."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311
        images, classes, self.test_images, self.test_classes = digits(seed)
        order = self.chance.sample(range(CLASSES), CLASSES)
        rank = self.chance.sample(range(CLASSES), CLASSES)
        most = int(torch.bincount(classes).min())
        self.tasks: list[tuple[tuple[int, ...], torch.Tensor, torch.Tensor]] = []
        for first in range(0, CLASSES, 2):
            pair = tuple(order[first : first + 2])
            chosen: list[int] = []
            for digit in pair:
                count = max(2, round(most * RHO ** (rank[digit] / (CLASSES - 1))))
                chosen += self.chance.sample((classes == digit).nonzero()[:, 0].tolist(), count)
            self.chance.shuffle(chosen)
            self.tasks.append((pair, images[chosen], classes[chosen]))


class Reservoir:
    """In which each image so far is equally likely to be; counts the classes that went by."""

    def __init__(self, chance: Random) -> None:
        self._chance, self._seen = chance, 0
        self.kept: list[tuple[torch.Tensor, int]] = []
        self.counts = torch.zeros(CLASSES)

    def add(self, images: torch.Tensor, classes: torch.Tensor) -> None:
        self.counts += torch.bincount(classes, minlength=CLASSES)
        new = zip(images, classes.tolist(), strict=True)
        self.kept, self._seen = reservoir(self.kept, self._seen, new, MEMORY, self._chance)

    def draw(self, count: int) -> Batch:
        drawn = self._chance.sample(self.kept, min(count, len(self.kept)))
        return torch.stack([image for image, _ in drawn]), torch.tensor([digit for _, digit in drawn])

    def beside(self, images: torch.Tensor, classes: torch.Tensor) -> Batch:
        if not self.kept:
            return images, classes
        more, their = self.draw(len(images))
        return torch.cat([images, more]), torch.cat([classes, their])


def batches(images: torch.Tensor, classes: torch.Tensor) -> Iterator[Batch]:
    for begun in range(0, len(images), BATCH):
        yield images[begun : begun + BATCH], classes[begun : begun + BATCH]


def tried(contrastive: bool, head: str, seed: int) -> Figures:
    """`head`: balanced or plain, trained on what memory and task have; or mean, the nearest."""
    stream = Stream(seed)
    torch.manual_seed(seed)
    network, memory = Network(), Reservoir(stream.chance)
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    table: dict[str, list[float]] = {str(pair): [0.0] for pair, _, _ in stream.tasks}
    for _, images, classes in stream.tasks:
        for batch in batches(images, classes):
            for _ in range(PASSES):
                seen, digit = memory.beside(*batch)
                if contrastive:
                    loss = supervised_contrast(
                        network.represent(seen), [str(each) for each in digit.tolist()], TEMPERATURE
                    )
                else:
                    loss = cross_entropy(network(seen), digit)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            memory.add(*batch)
        if contrastive and head != "mean":
            train_head(network, memory, balanced=head == "balanced")
        answers = (
            nearest(network, memory, stream.test_images) if head == "mean" else answered(network, stream.test_images)
        )
        for name, (each, _, _) in zip(table, stream.tasks, strict=True):
            mine = torch.isin(stream.test_classes, torch.tensor(each))
            table[name].append(float((answers == stream.test_classes)[mine].float().mean()))
    found = matrix(table, {name: number for number, name in enumerate(table, 1)})
    rare = memory.counts.argsort()[:3]
    recalls = [float((answers == digit)[stream.test_classes == digit].float().mean()) for digit in range(CLASSES)]
    return {
        "accuracy": sum(recalls) / CLASSES,
        "of the three rarest": sum(recalls[int(digit)] for digit in rare) / 3,
        "BWT": found.backward_transfer or 0.0,
    }


def train_head(network: Network, memory: Reservoir, *, balanced: bool) -> None:
    """The second stage: the head alone, anew, on the memory; balanced softmax adds the logarithm of how many of each
    class the memory has."""
    network.head.reset_parameters()
    optimizer = torch.optim.Adam(network.head.parameters(), 1e-2)
    images, classes = memory.draw(MEMORY)
    with torch.no_grad():
        states = network.represent(images) / TEMPERATURE**0.5
    counts = torch.bincount(classes, minlength=CLASSES).float()
    shift = counts.clamp(min=1e-6).log() if balanced else torch.zeros(CLASSES)
    for _ in range(HEAD_STEPS):
        loss = cross_entropy(network.head(states) + shift, classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def answered(network: Network, images: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return network(images).argmax(1)  # type: ignore[no-any-return]


def nearest(network: Network, memory: Reservoir, images: torch.Tensor) -> torch.Tensor:
    kept, classes = memory.draw(MEMORY)
    with torch.no_grad():
        states, means = network.represent(kept), torch.zeros(CLASSES, WIDTH)
        means = normalize(means.index_add(0, classes, states), dim=1)
        return (network.represent(images) @ means.T).argmax(1)


VARIANTS = {
    "plain replay": lambda seed: tried(False, "trained along", seed),
    "SCR-like": lambda seed: tried(True, "mean", seed),
    "delta": lambda seed: tried(True, "balanced", seed),
    "delta, plain head": lambda seed: tried(True, "plain", seed),
}
PAPER = "arXiv 2404.04476"
CLAIMS = [
    Claim(
        f"18.02 against 3.59 of SCR on Split CIFAR-100, 2,000 in memory, rho .005 ({PAPER})",
        "accuracy",
        "delta",
        "SCR-like",
    ),
    Claim(f"better than replay methods ({PAPER})", "accuracy", "delta", "plain replay"),
    Claim(f"the balanced loss helps ({PAPER}, ablation)", "accuracy", "delta", "delta, plain head"),
]

if __name__ == "__main__":
    torch.set_num_threads(1)
    about = {
        "data": "scikit-learn's digits", "rho": RHO, "batch": BATCH, "memory": MEMORY, "rate": RATE,
        "temperature": TEMPERATURE, "passes": PASSES, "head steps": HEAD_STEPS,
    }  # fmt: skip
    try_all(VARIANTS, CLAIMS, arguments(__doc__, "vision_delta"), about)
