"""Meta-training of a learned optimiser: streams of tasks are learnt with it, and it is changed so that after a few
steps both the present task's loss and those of the stream's earlier tasks are low."""

from collections.abc import Callable, Sequence

import torch

from cem_continual.learned import SELECTED, Updates, constraint, filters, scores

Loss = Callable[[torch.Tensor], torch.Tensor]
"""Of a block of weights, on examples drawn anew at each call."""
START = 0.8
UNROLL = 5
"""Steps that are differentiated together."""


class Rule:
    """Steps by a learned optimiser, as the trainer `l2l` makes them. Without `select`, all weights count alike."""

    def __init__(self, updates: Updates, bound: float, *, select: bool = True) -> None:
        self.updates, self._bound, self._select = updates, bound, select
        self._chosen: torch.Tensor | None = None
        self._kept: torch.Tensor | None = None

    def next_task(self) -> None:
        """What was selected last counts as selected by the task before."""
        self._chosen = self._kept

    def forget(self) -> None:
        self._chosen = self._kept = None

    def step(self, block: torch.Tensor, gradient: torch.Tensor, scale: float, step: int, steps: int) -> torch.Tensor:
        """`block` changed; can be differentiated as far as the optimiser's own weights go."""
        size = self.updates.out.out_features
        chosen = torch.zeros_like(block, dtype=torch.bool) if self._chosen is None else self._chosen
        counted = constraint(chosen, START, step, steps)
        found = scores(gradient, counted, SELECTED) if self._select else torch.ones_like(gradient)
        self._kept = found > 0
        seen = (filters(each.detach(), size) for each in (block, gradient, found))
        return block + self._bound * scale * self.updates(*seen).reshape(block.shape)


def gradient(loss: Loss, block: torch.Tensor) -> torch.Tensor:
    leaf = block.detach().requires_grad_()
    (found,) = torch.autograd.grad(loss(leaf), leaf)
    return found


def meta_train(
    rule: Rule,
    streams: Sequence[Sequence[Loss]],
    start: torch.Tensor,
    *,
    steps: int,
    rate: float = 3e-3,
    log: bool = False,
) -> list[float]:
    """Trains `rule.updates` on streams of tasks, all of them learnt from the block `start` in `steps` steps a task;
    returns the meta losses."""
    optimizer = torch.optim.Adam(rule.updates.parameters(), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, sum(map(len, streams)) * -(-steps // UNROLL))
    scale, course = float(start.square().mean().sqrt()), []
    for stream in streams:
        block = start
        rule.forget()
        for number, task in enumerate(stream):
            for begun in range(0, steps, UNROLL):
                for step in range(begun, begun + UNROLL):
                    block = rule.step(block, gradient(task, block), scale, step, steps)
                loss = torch.stack([each(block) for each in stream[: number + 1]]).mean()
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(rule.updates.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                block = block.detach()
                course.append(float(loss.detach()))
            rule.next_task()
        if log:
            print(f"meta loss {sum(course[-steps:]) / len(course[-steps:]):.3f}", flush=True)
    return course
