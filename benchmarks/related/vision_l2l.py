"""L2L in its own domain: SplitDigits, five tasks of two digits, after SplitMNIST of the paper.

    python benchmarks/related/vision_l2l.py

The network is first trained to tell the digits below 5 from the others. Then five tasks follow one another, each to
tell an even digit from an odd one; one head of two classes serves all, and nothing of earlier tasks is seen again.
Learnt are the 1,152 weights of the second convolution alone, in as many steps with as many images by every variant.
The learned optimiser is meta-trained on streams of other pairs of digits with labels by chance, from the training
images; the learning rates of SGD and Adam are those that end best on such streams.
"""

from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import Any

import torch
from digits import digits
from meta import Loss, Rule, gradient, meta_train
from torch import nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy
from trying import Claim, arguments, try_all

from cem_continual.learned import Updates
from cem_toolkit.forgetting import matrix

TASKS = ((0, 1), (2, 3), (4, 5), (6, 7), (8, 9))
STEPS, BATCH = 10, 10
STREAMS = 120
BOUND = 0.2
RATES = {"sgd": (0.1, 0.3, 1.0, 3.0), "adam": (3e-3, 1e-2, 3e-2, 1e-1)}
LEARNT = "3.weight"
Step = Callable[[torch.Tensor, torch.Tensor, float, int, int], torch.Tensor]
Labels = dict[int, int]
"""Of a task's two digits."""


class Bench:
    """The trained start and the data of one seed."""

    def __init__(self, seed: int) -> None:
        torch.manual_seed(seed)
        self.seed = seed
        self.images, self.classes, self.test_images, self.test_classes = digits(seed)
        self.net = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1, bias=False), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(64, 2),
        )  # fmt: skip
        optimizer = torch.optim.Adam(self.net.parameters(), 3e-3)
        for _ in range(300):
            chosen = torch.randint(len(self.images), (64,))
            loss = cross_entropy(self.net(self.images[chosen]), (self.classes[chosen] >= 5).long())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        self.net.requires_grad_(False)
        self.start = self.net.get_parameter(LEARNT).clone()
        self.scale = float(self.start.square().mean().sqrt())

    def task(self, labels: Labels, chance: Random) -> Loss:
        """The loss on a few training images of the task, drawn at each call."""
        where = {digit: (self.classes == digit).nonzero()[:, 0].tolist() for digit in labels}

        def loss(block: torch.Tensor) -> torch.Tensor:
            chosen = [each for digit in labels for each in chance.sample(where[digit], BATCH // 2)]
            wanted = torch.tensor([labels[int(self.classes[each])] for each in chosen])
            return cross_entropy(self.output(block, self.images[chosen]), wanted)

        return loss

    def output(self, block: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        return functional_call(self.net, {LEARNT: block}, (images,))  # type: ignore[no-any-return]

    def accuracy(self, block: torch.Tensor, labels: Labels) -> float:
        mine = torch.isin(self.test_classes, torch.tensor(list(labels)))
        wanted = torch.tensor([labels[int(each)] for each in self.test_classes[mine]])
        return float((self.output(block, self.test_images[mine]).argmax(1) == wanted).float().mean())

    def streams(self, count: int, of: str) -> list[list[Loss]]:
        """Tasks of five other pairs of digits than those that are tested, with labels by chance."""
        chance, made = Random(f"{of} {self.seed}"), []  # noqa: S311
        while len(made) < count:
            order = chance.sample(range(10), 10)
            pairs = [tuple(sorted(order[each : each + 2])) for each in range(0, 10, 2)]
            if not set(pairs) & set(TASKS):
                flips = [chance.randrange(2) for _ in pairs]
                made.append([self.task({a: f, b: 1 - f}, chance) for (a, b), f in zip(pairs, flips, strict=True)])
        return made

    def learn(self, stream: Sequence[Loss], step: Step, next_task: Callable[[], None]) -> list[torch.Tensor]:
        """The block after every task of the stream."""
        block, blocks = self.start, []
        for task in stream:
            for number in range(STEPS):
                with torch.enable_grad():
                    found = gradient(task, block)
                with torch.no_grad():
                    block = step(block, found, self.scale, number, STEPS)
            next_task()
            blocks.append(block)
        return blocks

    def figures(self, step: Step, next_task: Callable[[], None]) -> dict[str, float]:
        tasks: list[Labels] = [{a: a % 2, b: b % 2} for a, b in TASKS]
        chance = Random(f"test {self.seed}")  # noqa: S311
        blocks = [self.start, *self.learn([self.task(each, chance) for each in tasks], step, next_task)]
        table = {
            str(pair): [self.accuracy(block, each) for block in blocks] for pair, each in zip(TASKS, tasks, strict=True)
        }
        found = matrix(table, {name: number for number, name in enumerate(table, 1)})
        learnt = sum(table[name][number] for number, name in enumerate(table, 1)) / len(table)
        return {"AP": found.average_performance or 0.0, "BWT": found.backward_transfer or 0.0, "learnt": learnt}


@cache
def bench(seed: int) -> Bench:
    return Bench(seed)


def learned(seed: int, **ablated: Any) -> dict[str, float]:
    here = bench(seed)
    torch.manual_seed(seed)
    rule = Rule(Updates(9, attention=ablated.get("attention", True)), BOUND, select=ablated.get("select", True))
    meta_train(rule, here.streams(STREAMS, "meta"), here.start, steps=STEPS)
    rule.forget()
    return here.figures(rule.step, rule.next_task)


def usual(kind: str, rate: float) -> tuple[Step, Callable[[], None]]:
    """Steps of SGD, or of Adam, whose moments begin anew with each task."""
    moments: list[torch.Tensor] = []

    def step(block: torch.Tensor, gradient: torch.Tensor, scale: float, number: int, steps: int) -> torch.Tensor:
        if kind == "sgd":
            return block - rate * gradient
        if number == 0:
            moments[:] = [torch.zeros_like(block), torch.zeros_like(block)]
        moments[0] = 0.9 * moments[0] + 0.1 * gradient
        moments[1] = 0.999 * moments[1] + 0.001 * gradient.square()
        first, second = moments[0] / (1 - 0.9 ** (number + 1)), moments[1] / (1 - 0.999 ** (number + 1))
        return block - rate * first / (second.sqrt() + 1e-8)

    return step, lambda: None


def tuned(kind: str, seed: int) -> dict[str, float]:
    here = bench(seed)

    def ends(rate: float) -> float:
        """The mean loss on all tasks of a stream after its last one."""
        total = 0.0
        for stream in here.streams(10, "tuning"):
            last = here.learn(stream, *usual(kind, rate))[-1]
            total += sum(float(task(last)) for task in stream)
        return total

    return here.figures(*usual(kind, min(RATES[kind], key=ends)))


VARIANTS = {
    "learned optimiser": learned,
    "without attention": lambda seed: learned(seed, attention=False),
    "without selection": lambda seed: learned(seed, select=False),
    "SGD": lambda seed: tuned("sgd", seed),
    "Adam": lambda seed: tuned("adam", seed),
}
PAPER = "arXiv 2408.03219"
CLAIMS = [
    Claim(
        f"accuracy over all tasks is higher than that of hand-made updates ({PAPER})", "AP", "learned optimiser", "SGD"
    ),
    Claim(f"less is forgotten (BWT) than with hand-made updates ({PAPER})", "BWT", "learned optimiser", "SGD"),
    Claim(f"attention among filters is needed ({PAPER}, ablation)", "AP", "learned optimiser", "without attention"),
    Claim(f"selection scores are needed ({PAPER}, ablation)", "AP", "learned optimiser", "without selection"),
]

if __name__ == "__main__":
    torch.set_num_threads(1)
    about = {"data": "scikit-learn's digits", "tasks": TASKS, "steps": STEPS, "batch": BATCH, "bound": BOUND}
    try_all(VARIANTS, CLAIMS, arguments(__doc__, "vision_l2l"), about)
