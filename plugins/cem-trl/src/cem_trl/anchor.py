"""What holds a training near the model that it began with: how far their predictions diverge on rows to be kept.

The KL divergence from the starting model, as the penalty of Learning without Forgetting (Li and Hoiem, 2016, arXiv
1606.09282) has it. The starting model reads the rows once, before training; of its predictions the likeliest words are
kept, and the others as one, so that nothing of the vocabulary's size is held for every position.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from cem_trl.encoding import Example

KEPT = ("review", "general")
"""The kinds of rows that hold what is to be kept."""
WORDS = 64
"""Of a position, whose probabilities are kept: in a language model they have nearly all."""
ROWS = 8
"""Read for each optimiser step."""
_TINY = 1e-6
"""Probability of all other words together, at least: float32 tells no smaller distance to 1."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """What the starting model expected after every token of a row: words by id with their log probabilities, each
    (tokens, WORDS), and of all others together, (tokens,)."""

    ids: torch.Tensor
    words: torch.Tensor
    others: torch.Tensor


class Anchor:
    """The KL divergence from a starting model, on a few rows at each step."""

    def __init__(self, model: Any, examples: Sequence[Example], *, mixed: bool) -> None:
        """`model` is as training starts, `examples` are one or more; `mixed` is bfloat16 arithmetic."""
        self._mixed = mixed
        self._texts = [torch.tensor([each.input_ids]) for each in examples]
        training = model.training
        model.eval()
        with torch.no_grad():
            self._before = [predicted(self._logits(model, text)) for text in self._texts]
        model.train(training)

    def divergence(self, model: Any, step: int) -> torch.Tensor:
        """Of `model` from the start, on the rows of this step: a mean over their tokens, in nats."""
        texts = len(self._texts)
        chosen = [(step * ROWS + number) % texts for number in range(min(ROWS, texts))]
        sums = [divergences(self._before[each], self._logits(model, self._texts[each])).sum() for each in chosen]
        return torch.stack(sums).sum() / sum(self._texts[each].shape[1] for each in chosen)

    def _logits(self, model: Any, text: torch.Tensor) -> torch.Tensor:
        """(tokens, vocabulary), in float32."""
        with torch.autocast(model.device.type, torch.bfloat16, enabled=self._mixed):
            logits: torch.Tensor = model(input_ids=text.to(model.device), use_cache=False).logits[0].float()
        return logits


def predicted(logits: torch.Tensor) -> Predicted:
    """What a model that gives `logits`, (tokens, vocabulary), expects."""
    words, ids = logits.log_softmax(-1).topk(min(WORDS, logits.shape[-1]))
    return Predicted(ids, words, _others(words))


def _others(words: torch.Tensor) -> torch.Tensor:
    """The log probability of all words but these."""
    return (1 - words.exp().sum(-1)).clamp(min=_TINY).log()


def divergences(before: Predicted, logits: torch.Tensor) -> torch.Tensor:
    """KL of every token, (tokens,), in nats, from `before` to what `logits`, (tokens, vocabulary), say."""
    # Not by log_softmax: its result and gradient would both be of the vocabulary's size.
    words = logits.gather(-1, before.ids) - logits.logsumexp(-1, keepdim=True)
    each = before.words.exp() * (before.words - words)
    rest = before.others.exp() * (before.others - _others(words))
    return each.sum(-1) + rest
