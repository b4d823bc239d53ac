"""EUL's losses of one request: an adapter that forgets it, on a model that stays as it is.

Efficient Unlearning for LLMs (arXiv 2310.20150): with p the model without the adapter and q with it,

    loss = a KL(p || q on retained) - b KL(p || q on forgotten) + c CE(retained) - d LM(forgotten)

where the paper has a = 0.8, b = 1, c = 1 and d = 0.2, and goes through retained and forgotten data in turns.
"""

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch

from cem_toolkit.api import Context
from cem_trl.encoding import Encoder, Example
from cem_trl.passes import example_means, predictions
from cem_unlearn.forget import examples
from cem_unlearn.rounds import Endless
from cem_unlearn.text_loss import limit, supervised, whole_texts
from cem_unlearn.unlearning import Unlearning

if TYPE_CHECKING:
    from cem_unlearn.eul import EulOptions


class UnlearningLayer(Unlearning):
    """Trains the adapter of a PEFT model. The steps know nothing of one another, so there is no state to keep."""

    options: "EulOptions"

    def schedule(self, ctx: Context) -> list[Example]:
        """Of each epoch a pass over what is to be unlearnt, after as many retained examples (times `retained`); or,
        not alternating, both in every step. Batches are whole: what lacks is taken from the beginning again."""
        size = self.options.batch_size
        chance = random.Random(f"{ctx.seed}/eul")  # noqa: S311 (not for secrets)
        forget, retained = Endless(examples(self.forget), chance), Endless(examples(self.retained), chance)
        passed = -(-len(self.forget) // size)
        kept = max(1, round(passed * self.options.retained))
        if self.options.alternate:
            self._forgetting = ([0] * kept + [size] * passed) * self.options.epochs
        else:
            self._forgetting = _spread(passed * size, kept + passed, size) * self.options.epochs
        return [each for count in self._forgetting for each in forget.take(count) + retained.take(size - count)]

    def begin(self, model: Any, encoder: Encoder, ctx: Context) -> None:
        super().begin(model, encoder, ctx)
        self._limit = limit(self.options.limit, model)

    def step(self, model: Any, examples: Sequence[Example], number: int) -> torch.Tensor:
        forget, retained = examples[: self._forgetting[number]], examples[self._forgetting[number] :]
        held = self.options.ce_retained or self.options.kl_retained
        loss = self._remembering(model, retained) if retained and held else torch.zeros((), device=model.device)
        return loss + self._forgotten(model, forget) if forget else loss

    def _remembering(self, model: Any, texts: Sequence[Example]) -> torch.Tensor:
        logits, tokens, rows = predictions(model, texts)
        losses = torch.nn.functional.cross_entropy(logits, tokens, reduction="none")
        loss = self.options.ce_retained * example_means(losses, rows, len(texts)).mean()
        if self.options.kl_retained:
            away = example_means(divergence(before(model, texts), logits), rows, len(texts))
            loss = loss + self.options.kl_retained * away.mean()
        return loss

    def _forgotten(self, model: Any, texts: Sequence[Example]) -> torch.Tensor:
        """Each term of a text counts up to the limit: beyond, there is nothing more to forget."""
        whole = whole_texts(texts)
        logits, tokens, rows = predictions(model, whole)
        losses = torch.nn.functional.cross_entropy(logits, tokens, reduction="none")
        loss = -self.options.lm_forgotten * example_means(losses, rows, len(texts)).clamp(max=self._limit).mean()
        if self.options.kl_forgotten:
            told = supervised(texts).to(rows.device)
            apart = divergence(before(model, whole)[told], logits[told])
            away = example_means(apart, rows[told], len(texts)).clamp(max=self._limit)
            loss = loss - self.options.kl_forgotten * away.mean()
        return loss


def divergence(before: torch.Tensor, now: torch.Tensor) -> torch.Tensor:
    """(tokens,): KL(before || now) of logits, both (tokens, vocabulary), in nats."""
    expected = before.log_softmax(-1)
    return (expected.exp() * (expected - now.log_softmax(-1))).sum(-1)


def before(model: Any, texts: Sequence[Example]) -> torch.Tensor:
    """The logits of `predictions` without the adapter and without dropout."""
    training = model.training
    model.eval()
    with torch.no_grad(), model.disable_adapter():
        logits = predictions(model, texts)[0]
    model.train(training)
    return logits


def _spread(whole: int, steps: int, most: int) -> list[int]:
    """`whole` in `steps` parts as equal as can be, none above `most`."""
    ends = [whole * number // steps for number in range(steps + 1)]
    return [min(most, after - end) for end, after in pairwise(ends)]
