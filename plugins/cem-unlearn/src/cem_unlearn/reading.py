"""What a model expects of texts, token by token."""

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from cem_trl.encoding import Example
from cem_trl.hardware import choose_precision
from cem_trl.options import TrlOptions
from cem_trl.passes import predictions


@dataclass(frozen=True)
class Read:
    """The tokens with loss of one example."""

    losses: tuple[float, ...]
    """In nats."""
    greedy: tuple[bool, ...]
    """Whether the model would write just this token after those before it."""

    @property
    def loss(self) -> float:
        """The mean, in nats per token."""
        return sum(self.losses) / len(self.losses)

    @property
    def memorised(self) -> float:
        """Memorisation accuracy (Tirumala et al., arXiv 2205.10770): the share of tokens that it would write."""
        return sum(self.greedy) / len(self.greedy)

    @property
    def written(self) -> bool:
        """Whether the model, asked for it, writes the whole of it greedily."""
        return all(self.greedy)


def read(model: Any, examples: Sequence[Example], options: TrlOptions) -> list[Read]:
    """How `model` reads each of `examples`, `options.batch_size` at a time; each has one token with loss or more."""
    found: list[Read] = []
    with asked(model, options):
        for start in range(0, len(examples), options.batch_size):
            batch = examples[start : start + options.batch_size]
            logits, tokens, rows = predictions(model, batch)
            losses = torch.nn.functional.cross_entropy(logits, tokens, reduction="none")
            greedy = logits.argmax(-1) == tokens
            for number in range(len(batch)):
                mine = rows == number
                found.append(Read(tuple(losses[mine].tolist()), tuple(greedy[mine].tolist())))
    return found


def perplexity(reads: Sequence[Read]) -> float:
    """Per token, over all of them together."""
    losses = [loss for each in reads for loss in each.losses]
    return math.exp(min(sum(losses) / len(losses), 700.0))


@contextmanager
def asked(model: Any, options: TrlOptions) -> Iterator[None]:
    """`model` as it is asked, not trained: without gradients and dropout."""
    training = model.training
    model.eval()
    try:
        with torch.no_grad(), arithmetic(model, options):
            yield
    finally:
        model.train(training)


def arithmetic(model: Any, options: TrlOptions) -> AbstractContextManager[Any]:
    """Computes in the number format of the training."""
    device = model.device.type
    return torch.autocast(device, torch.bfloat16, enabled=choose_precision(options, device) == "mixed")
