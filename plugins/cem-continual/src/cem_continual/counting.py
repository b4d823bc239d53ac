"""What the methods of this package have in common: what they saw is counted, and rows of the memory are drawn."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import torch

from cem_continual.memory import Memory
from cem_toolkit.api import Context
from cem_trl.encoding import Example
from cem_trl.method import Encoded, Method
from cem_trl.options import TrlOptions
from cem_trl.passes import predictions


class Counting(Method):
    """Takes more or other examples than those of each step's own, and says how many tokens that were."""

    past: Memory = Memory("")
    after: Memory = Memory("")
    """What was kept, and what will be; set by trainers with a memory."""

    def __init__(self) -> None:
        self.targets: dict[str, torch.Tensor] = {}
        """What goes into the memory beside its rows."""
        self.earlier: list[Example] = []
        """Of the memory's rows."""
        self._seen = [0, 0]
        self._seed = 0

    def order(self, encoded: Encoded, options: TrlOptions, ctx: Context) -> list[Example]:
        self._seed = ctx.seed
        self.earlier = [each for row, examples in encoded if not row.weight for each in examples]
        return super().order(encoded, options, ctx)

    def saw(self, examples: Sequence[Example]) -> None:
        """That so much went through the model, with a loss."""
        self._seen[0] += sum(len(each.input_ids) for each in examples)
        self._seen[1] += sum(each.supervised for each in examples)

    def draw(self, pool: Sequence[Example], count: int, *what: object) -> list[Example]:
        """`count` of `pool`, or all, at random: decided by the seed and `what` they are for, so that a training that
        goes on draws the same."""
        return list(pool) if count >= len(pool) else self.chance(*what).sample(pool, count)

    def chance(self, *what: object) -> Random:
        return Random("/".join(map(str, (self._seed, *what))))  # noqa: S311 (not for secrets)

    def state(self) -> Mapping[str, torch.Tensor]:
        return {"seen": torch.tensor(self._seen)}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        self._seen = state["seen"].tolist()

    def end(self, model: Any) -> Mapping[str, Any]:
        """tokens and supervised_tokens as they were seen, the memory's included."""
        return {"tokens": self._seen[0], "supervised_tokens": self._seen[1]}


def token_loss(model: Any, examples: Sequence[Example]) -> torch.Tensor:
    """The mean loss of all tokens with loss, in nats, as `trl` has it."""
    logits, tokens, _ = predictions(model, examples)
    return torch.nn.functional.cross_entropy(logits, tokens)
