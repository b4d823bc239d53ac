"""MulKI in its own domain, at the size of a digit.

    python benchmarks/related/vision_mulki.py

The paper teaches CLIP one data set after the other and asks what is left of earlier ones and of what CLIP could do
before. Here the model before is a small convolutional network that tells ten digits apart. Five tasks follow, each a
domain of its own (turned, smaller, slanted, moved) with a fifth of the images, which are all that is seen then. As
there, the model before can do part of each task (two thirds), and classes do not compete across tasks; with two digits
a task and one head, whatever is learnt last takes all, with teachers or without. So the check can show whether two
teachers, weighted sample by sample, hold more than one or none. It has no texts, so nothing of prototypes across
modalities. Every variant makes the same steps on the same images.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, partial
from math import cos, radians, sin

import torch
from digits import CLASSES, FEATURES, convolutions, digits
from torch import nn
from torch.nn.functional import affine_grid, cross_entropy, grid_sample, kl_div
from trying import Claim, Figures, arguments, try_all

from cem_continual.teachers import Prototypes, relation_losses, teacher_weights
from cem_toolkit.forgetting import matrix

STEPS, BATCH, RATE = 100, 16, 2e-3
DISTILLATION, RELATIONS, PROTOTYPES = 1.0, 0.5, 16
Domain = Callable[[torch.Tensor], torch.Tensor]


def _seen(degrees: float = 0.0, zoom: float = 1.0, slant: float = 0.0, right: float = 0.0, down: float = 0.0) -> Domain:
    """Images turned, made smaller, slanted, and moved by shares of half their size."""
    sine, cosine = sin(radians(degrees)) / zoom, cos(radians(degrees)) / zoom
    part = torch.tensor([[cosine, slant - sine, -right], [sine, cosine, -down]])

    def turned(images: torch.Tensor) -> torch.Tensor:
        grid = affine_grid(part.expand(len(images), 2, 3), list(images.shape), align_corners=False)
        return grid_sample(images, grid, align_corners=False)

    return turned


DOMAINS = (_seen(degrees=24), _seen(degrees=-24), _seen(zoom=0.8), _seen(slant=0.4), _seen(right=-0.2, down=0.12))


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(*convolutions(), nn.Linear(FEATURES, 64), nn.ReLU())
        self.head = nn.Linear(64, CLASSES)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Representations, (images, 64), and logits, (images, 10)."""
        states = self.body(images)
        return states, self.head(states)


@dataclass(frozen=True)
class Variant:
    original: bool = True
    last: bool = True
    relations: float = RELATIONS
    by_loss: bool = True


class Teacher:
    """A network with its prototypes of a task's images."""

    def __init__(self, network: Network, images: torch.Tensor, classes: torch.Tensor, seed: int) -> None:
        with torch.no_grad():
            states, logits = network(images)
        self.prototypes = Prototypes(states, PROTOTYPES, seed)
        self.relations = self.prototypes.relations(states)
        self.logs = logits.log_softmax(1)
        self.losses = cross_entropy(logits, classes, reduction="none")


@cache
def start(seed: int) -> Network:
    """The model before, trained on digits as they are."""
    torch.manual_seed(seed)
    images, classes, _, _ = digits(seed)
    network = Network()
    _train(network, images, lambda chosen, output: cross_entropy(output[1], classes[chosen]), 400)
    return network


def tried(variant: Variant, seed: int) -> Figures:
    images, classes, test_images, test_classes = digits(seed)
    network = deepcopy(original := start(seed))
    torch.manual_seed(seed)
    table: dict[str, list[float]] = {str(number): [] for number in range(1, len(DOMAINS) + 1)}
    general = [_right(network, test_images, test_classes)]

    def ask() -> None:
        for number, turned in enumerate(DOMAINS, 1):
            table[str(number)].append(_right(network, turned(test_images), test_classes))

    ask()
    parts = torch.randperm(len(images)).chunk(len(DOMAINS))
    for turned, mine in zip(DOMAINS, parts, strict=True):
        learn(network, original, variant, turned(images[mine]), classes[mine], seed)
        ask()
        general.append(_right(network, test_images, test_classes))
    found = matrix(table, {name: int(name) for name in table})
    return {
        "AP": found.average_performance or 0.0,
        "BWT": found.backward_transfer or 0.0,
        "before": general[-1],
        "mean of AP and before": ((found.average_performance or 0.0) + general[-1]) / 2,
    }


def learn(
    network: Network, original: Network, variant: Variant, images: torch.Tensor, classes: torch.Tensor, seed: int
) -> None:
    """One task."""
    asked = [each for each, wanted in ((original, variant.original), (network, variant.last)) if wanted]
    teachers = [Teacher(each, images, classes, seed) for each in asked]
    if teachers:
        losses = torch.stack([teacher.losses for teacher in teachers])
        weights = teacher_weights(losses) if variant.by_loss else torch.full_like(losses, 1 / len(teachers))

    def loss(chosen: torch.Tensor, output: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        states, logits = output
        total = cross_entropy(logits, classes[chosen])
        logs = logits.log_softmax(1)
        for number, teacher in enumerate(teachers):
            divergence = kl_div(logs, teacher.logs[chosen], reduction="none", log_target=True).sum(1)
            moved = relation_losses(teacher.prototypes.relations(states), teacher.relations[chosen])
            total = total + (weights[number, chosen] * (DISTILLATION * divergence + variant.relations * moved)).mean()
        return total

    _train(network, images, loss, STEPS)


def _train(
    network: Network,
    images: torch.Tensor,
    loss: Callable[[torch.Tensor, tuple[torch.Tensor, torch.Tensor]], torch.Tensor],
    steps: int,
) -> None:
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    for _ in range(steps):
        chosen = torch.randint(len(images), (BATCH,))
        found = loss(chosen, network(images[chosen]))
        optimizer.zero_grad()
        found.backward()
        optimizer.step()


def _right(network: Network, images: torch.Tensor, classes: torch.Tensor) -> float:
    with torch.no_grad():
        return float((network(images)[1].argmax(1) == classes).float().mean())


VARIANTS = {
    "fine-tuning": Variant(original=False, last=False),
    "the original alone": Variant(last=False),
    "the last alone": Variant(original=False),
    "mulki": Variant(),
    "without relations": Variant(relations=0.0),
    "equal weights": Variant(by_loss=False),
}
PAPER = "arXiv 2411.06764"
BOTH = "mean of AP and before"
CLAIMS = [
    Claim(f"keeps what the model could do before, against fine-tuning ({PAPER})", "before", "mulki", "fine-tuning"),
    Claim(f"better than fine-tuning on all tasks ({PAPER})", "AP", "mulki", "fine-tuning"),
    Claim(f"two teachers teach more than the original alone ({PAPER})", BOTH, "mulki", "the original alone"),
    Claim(
        f"two teachers teach more than the last model alone ({PAPER})",
        BOTH,
        "mulki",
        "the last alone",
        reason="after domains of the same ten digits the last model still has nearly all that the original had",
    ),
    Claim(
        f"relations to prototypes help ({PAPER})",
        BOTH,
        "mulki",
        "without relations",
        reason="ours are a reconstruction, and there are no texts whose likeness to images they could hold",
    ),
    Claim(
        f"weights of teachers by sample help ({PAPER})",
        BOTH,
        "mulki",
        "equal weights",
        reason="ours are a reconstruction, and the two teachers mostly know the same images",
    ),
]

if __name__ == "__main__":
    torch.set_num_threads(1)
    variants = {name: partial(tried, variant) for name, variant in VARIANTS.items()}
    about = {
        "data": "scikit-learn's digits", "steps": STEPS, "batch": BATCH, "rate": RATE, "distillation": DISTILLATION,
        "relations": RELATIONS, "prototypes": PROTOTYPES,
    }  # fmt: skip
    try_all(variants, CLAIMS, arguments(__doc__, "vision_mulki"), about)
