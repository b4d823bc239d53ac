"""Direct preference optimisation (Rafailov et al., 2023, arXiv 2305.18290), with the model that training begins with
as the reference."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from cem_toolkit.api import CemError, Context, Row
from cem_trl.encoding import Encoder, Example
from cem_trl.hardware import choose_device, choose_precision
from cem_trl.method import Encoded, Method
from cem_trl.options import TrlOptions
from cem_trl.order import training_order
from cem_trl.passes import predictions


def both_sides(rows: Sequence[Row]) -> list[Row]:
    """Of every preference first the better answer, then the rejected one, as rows of their own."""
    return [each for row in rows for each in (row, replace(row, id=f"{row.id}-rejected", completion=row.rejected))]


def as_pairs(options: TrlOptions) -> TrlOptions:
    """`options` for rows by `both_sides`: a step has two rows for each preference, and the method all of them."""
    both = 2 * options.batch_size
    return options.model_copy(update={"batch_size": both, "micro_batch_size": both})


class Dpo(Method):
    """The loss of a step is the mean over its preferences of -log sigmoid(beta (r(better) - r(rejected))), where r is
    the log-likelihood of an answer, its end included, less that under the reference.

    For rows by `both_sides` and options by `as_pairs`. What the reference says of the answers is worked out once,
    before the first step.
    """

    def __init__(self, beta: float, rows_at_once: int) -> None:
        """At most `rows_at_once` answers are put through the model at once, but never less than a pair."""
        self._beta, self._at_once = beta, 2 * max(1, rows_at_once // 2)

    def order(self, encoded: Encoded, options: TrlOptions, ctx: Context) -> list[Example]:
        """Each better answer with the rejected one after it. Preferences of which either is left out, or is too long
        for one example, are left out and counted. Raises CemError where none is left."""
        self._mixed = choose_precision(options, choose_device(options)) == "mixed"
        pairs = list(zip(encoded[::2], encoded[1::2], strict=True))
        whole = [(row, better[0], worse[0]) for (row, better), (_, worse) in pairs if len(better) == len(worse) == 1]
        if len(whole) < len(pairs):
            ctx.log(f"{len(pairs) - len(whole)} of {len(pairs)} preferences were left out: an answer is empty or long")
        worse_of = {id(better): worse for _, better, worse in whole}
        better_alone = [(row, [better]) for row, better, _ in whole]
        ordered = training_order(better_alone, epochs=options.epochs, batch_size=options.batch_size // 2, seed=ctx.seed)
        if not ordered:
            raise CemError(f"nothing to train on: none of {len(pairs)} preferences has two answers to learn from")
        self._examples = [each for better in ordered for each in (better, worse_of[id(better)])]
        return self._examples

    def begin(self, model: Any, encoder: Encoder, ctx: Context) -> None:
        once = list({id(each): each for each in self._examples}.values())
        training = model.training
        model.eval()
        with torch.no_grad(), torch.autocast(model.device.type, torch.bfloat16, enabled=self._mixed):
            found = [log_likelihoods(model, part) for part in self._parts(once)]
        model.train(training)
        self._reference = dict(zip(map(id, once), torch.cat(found), strict=True))

    def step(self, model: Any, examples: Sequence[Example], number: int) -> torch.Tensor:
        """Sets the gradients itself, a few pairs at a time."""
        total = torch.zeros((), device=model.device)
        for part in self._parts(examples):
            reference = torch.stack([self._reference[id(each)] for each in part])
            rewards = log_likelihoods(model, part) - reference
            loss = dpo_losses(rewards[::2], rewards[1::2], self._beta).sum() / (len(examples) / 2)
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return total

    def _parts(self, examples: Sequence[Example]) -> list[Sequence[Example]]:
        return [examples[start : start + self._at_once] for start in range(0, len(examples), self._at_once)]


def dpo_losses(better: torch.Tensor, rejected: torch.Tensor, beta: float) -> torch.Tensor:
    """Of each pair; both (pairs,), log-likelihoods in nats less those under the reference."""
    return -torch.nn.functional.logsigmoid(beta * (better - rejected))


def log_likelihoods(model: Any, examples: Sequence[Example]) -> torch.Tensor:
    """Of the tokens with loss of each example, in nats: (examples,)."""
    logits, tokens, rows = predictions(model, examples)
    losses = torch.nn.functional.cross_entropy(logits, tokens, reduction="none")
    return -losses.new_zeros(len(examples)).index_add(0, rows, losses)
