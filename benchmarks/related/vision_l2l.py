"""L2L in its own domain: SplitDigits, five tasks of two digits, after SplitMNIST of the paper.

    python benchmarks/related/vision_l2l.py

The network is first trained to tell the digits below 5 from the others. Then five tasks follow one another, each to
tell an even digit from an odd one; one head of two classes serves all, and nothing of earlier tasks is seen again.
Learnt are the 1,152 weights of the second convolution alone, in as many steps with as many images by every variant.
The learned optimiser is meta-trained on streams of other pairs of digits with labels by chance, from the training
images; the learning rates of SGD and Adam are those that end best on such streams. The paper adapts to a few examples
of a task before each test, and so does the figure "AP adapted": five images a class, in as many steps as a task has.
"""

from collections.abc import Sequence
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
STREAMS = 500
BOUND = 0.2
RATES = {"sgd": (0.1, 0.3, 1.0, 3.0), "adam": (3e-3, 1e-2, 3e-2, 1e-1)}
LEARNT = "3.weight"
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

    def few(self, labels: Labels, chance: Random) -> Loss:
        """The loss on five training images of each class, always the same."""
        mine = [chance.sample((self.classes == digit).nonzero()[:, 0].tolist(), 5) for digit in labels]
        chosen = [each for part in mine for each in part]
        wanted = torch.tensor([labels[int(self.classes[each])] for each in chosen])
        return lambda block: cross_entropy(self.output(block, self.images[chosen]), wanted)

    def learn(self, stream: Sequence[Loss], by: "Steps") -> list[torch.Tensor]:
        """The block after every task of the stream."""
        block, blocks = self.start, []
        by.forget()
        for task in stream:
            block = self.one(task, block, by)
            by.next_task()
            blocks.append(block)
        return blocks

    def one(self, task: Loss, block: torch.Tensor, by: "Steps") -> torch.Tensor:
        for number in range(STEPS):
            found = gradient(task, block)
            with torch.no_grad():
                block = by.step(block, found, self.scale, number, STEPS)
        return block

    def figures(self, by: "Steps") -> dict[str, float]:
        tasks: list[Labels] = [{a: a % 2, b: b % 2} for a, b in TASKS]
        chance = Random(f"test {self.seed}")  # noqa: S311
        blocks = [self.start, *self.learn([self.task(each, chance) for each in tasks], by)]
        table = {
            str(pair): [self.accuracy(block, each) for block in blocks] for pair, each in zip(TASKS, tasks, strict=True)
        }
        found = matrix(table, {name: number for number, name in enumerate(table, 1)})
        learnt = sum(table[name][number] for number, name in enumerate(table, 1)) / len(table)
        by.forget()
        adapted = [self.accuracy(self.one(self.few(each, chance), blocks[-1], by), each) for each in tasks]
        return {
            "AP": found.average_performance or 0.0,
            "AP adapted": sum(adapted) / len(adapted),
            "BWT": found.backward_transfer or 0.0,
            "learnt": learnt,
        }


@cache
def bench(seed: int) -> Bench:
    return Bench(seed)


def learned(seed: int, **ablated: Any) -> dict[str, float]:
    here = bench(seed)
    torch.manual_seed(seed)
    rule = Rule(Updates(9, attention=ablated.get("attention", True)), BOUND, select=ablated.get("select", True))
    meta_train(rule, here.streams(STREAMS, "meta"), here.start, steps=STEPS)
    return here.figures(rule)


class Usual:
    """Steps of SGD, or of Adam, whose moments begin anew with each task."""

    def __init__(self, kind: str, rate: float) -> None:
        self._kind, self._rate = kind, rate
        self._first = self._second = torch.zeros(())

    def next_task(self) -> None: ...

    def forget(self) -> None: ...

    def step(self, block: torch.Tensor, gradient: torch.Tensor, scale: float, step: int, steps: int) -> torch.Tensor:
        if self._kind == "sgd":
            return block - self._rate * gradient
        if step == 0:
            self._first = self._second = torch.zeros_like(block)
        self._first = 0.9 * self._first + 0.1 * gradient
        self._second = 0.999 * self._second + 0.001 * gradient.square()
        first, second = self._first / (1 - 0.9 ** (step + 1)), self._second / (1 - 0.999 ** (step + 1))
        return block - self._rate * first / (second.sqrt() + 1e-8)


Steps = Rule | Usual


def tuned(kind: str, seed: int) -> dict[str, float]:
    here = bench(seed)

    def ends(rate: float) -> float:
        """The loss on all tasks of streams after their last one."""
        total = 0.0
        for stream in here.streams(10, "tuning"):
            last = here.learn(stream, Usual(kind, rate))[-1]
            total += sum(float(task(last)) for task in stream)
        return total

    return here.figures(Usual(kind, min(RATES[kind], key=ends)))


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
        f"accuracy over all tasks is higher than that of hand-made updates, adapted to a few examples ({PAPER})",
        "AP adapted",
        "learned optimiser",
        "SGD",
        reason="with ten images and ten steps any optimiser tells two digits apart",
    ),
    Claim(
        f"accuracy over all tasks is higher than that of hand-made updates ({PAPER})", "AP", "learned optimiser", "SGD"
    ),
    Claim(f"less is forgotten (BWT) than with hand-made updates ({PAPER})", "BWT", "learned optimiser", "SGD"),
    Claim(
        f"attention among filters is needed ({PAPER}, ablation)",
        "AP",
        "learned optimiser",
        "without attention",
        reason="of a block of 128 filters one's own gradient may say enough",
    ),
    Claim(
        f"selection scores are needed ({PAPER}, ablation)",
        "AP",
        "learned optimiser",
        "without selection",
        reason="our scores go by a gradient's size, and in ten steps two fifths of the weights may be too few",
    ),
]

if __name__ == "__main__":
    torch.set_num_threads(1)
    about = {"data": "scikit-learn's digits", "tasks": TASKS, "steps": STEPS, "batch": BATCH, "bound": BOUND}
    try_all(VARIANTS, CLAIMS, arguments(__doc__, "vision_l2l"), about)
