"""The steps of `clip`."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from cem_continual.clip import ClipOptions
from cem_continual.counting import Counting
from cem_toolkit.api import Context
from cem_trl.encoding import Example
from cem_trl.method import Encoded
from cem_trl.options import TrlOptions
from cem_trl.passes import example_means, predictions


def pace(step: int, steps: int, rows: int, begin: float, paced: float) -> int:
    """How many of `rows` training takes at `step` of `steps`: g(t) = bN + (1 - b) N t / (aT) until t = aT, then N."""
    return min(rows, int(rows * (begin + (1 - begin) * step / (paced * steps))))


def leaving(losses: torch.Tensor, share: float, least: int, chance: torch.Tensor | None = None) -> list[int]:
    """Which of the rows leave whose `losses`, (rows,), these are: NaN for those never seen, infinite for those that
    left. `share` of those seen goes, least loss first or, with numbers of `chance` for each row, by these; but `least`
    rows stay in all."""
    staying = losses != torch.inf
    seen = (staying & ~losses.isnan()).nonzero()[:, 0]
    count = min(int(share * len(seen)), int(staying.sum()) - least)
    by = losses if chance is None else chance
    found: list[int] = seen[by[seen].argsort(stable=True)][: max(count, 0)].tolist()
    return found


class Pruning(Counting):
    """There are as many steps as in `trl`; which examples a step takes is decided here: passes over those that are in
    by then and have not left, each in a random order."""

    def __init__(self, options: ClipOptions) -> None:
        super().__init__()
        self._options = options
        self._pass = torch.zeros(0, dtype=torch.long)
        self._left = 0

    def order(self, encoded: Encoded, options: TrlOptions, ctx: Context) -> list[Example]:
        order = super().order(encoded, options, ctx)
        self._examples = [each for row, examples in encoded if row.weight for each in examples]
        self._steps = -(-len(order) // options.batch_size)
        self._losses = torch.full((len(self._examples),), torch.nan)
        self._epoch = self._options.prune_every * len(self._examples) / options.batch_size
        return order

    def step(self, model: Any, examples: Sequence[Example], number: int) -> torch.Tensor:
        if int(number / self._epoch) > int((number - 1) / self._epoch) and number:
            self._prune(number)
        chosen = self._next(number, len(examples))
        taken = [self._examples[each] for each in chosen]
        self.saw(taken)
        logits, tokens, rows = predictions(model, taken)
        losses = torch.nn.functional.cross_entropy(logits, tokens, reduction="none")
        self._losses[chosen] = example_means(losses.detach(), rows, len(taken)).float().cpu()
        return losses.mean()

    def _next(self, number: int, count: int) -> list[int]:
        """The examples of the step, by number: the next of the pass, then of a new one."""
        chosen: list[int] = []
        while len(chosen) < count:
            self._pass = self._pass[self._losses[self._pass] != torch.inf]
            if not len(self._pass):
                staying = (self._losses != torch.inf).nonzero()[:, 0].tolist()
                among = pace(number, self._steps, len(staying), self._options.begin, self._options.paced)
                pool = [each for each in staying[: max(among, 1)] if each not in chosen]
                if not pool:
                    break
                self.chance(number, "pass", len(chosen)).shuffle(pool)
                self._pass = torch.tensor(pool)
            taken = min(count - len(chosen), len(self._pass))
            chosen += self._pass[:taken].tolist()
            self._pass = self._pass[taken:]
        return chosen

    def _prune(self, number: int) -> None:
        chance = self.chance(number, "leaving")
        by = torch.tensor([chance.random() for _ in self._examples]) if self._options.leaving == "random" else None
        least = -int(-self._options.floor * len(self._examples) // 1)
        out = leaving(self._losses, self._options.prune, least, by)
        self._losses[out] = torch.inf
        self._left += len(out)

    def state(self) -> Mapping[str, torch.Tensor]:
        return {
            **super().state(),
            "losses": self._losses.clone(),
            "pass": self._pass.clone(),
            "left": torch.tensor(self._left),
        }

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        super().restore(state)
        self._losses, self._pass, self._left = state["losses"], state["pass"], int(state["left"])

    def end(self, model: Any) -> Mapping[str, Any]:
        return {**super().end(model), "examples": len(self._examples), "left_out": self._left}
