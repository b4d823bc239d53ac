"""How far a model's predictions went from those of the model that training began with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from cem_trl.encoding import Example
from cem_trl.options import TrlOptions
from cem_trl.passes import predictions
from cem_unlearn.reading import asked

WORDS = 64
"""Of a prediction, whose probabilities are kept, and all others as one: they have nearly all of it."""
_TINY = 1e-6


@dataclass(frozen=True)
class Expected:
    """Of an example's tokens with loss: the likeliest words by id and their log probabilities, (tokens, WORDS), and the
    log probability of all others, (tokens,)."""

    ids: torch.Tensor
    words: torch.Tensor
    others: torch.Tensor


def expected(model: Any, examples: Sequence[Example], options: TrlOptions) -> list[Expected]:
    """What `model` expects of each of `examples`."""
    found = []
    with asked(model, options):
        for each in examples:
            likely = predictions(model, [each])[0].log_softmax(-1)
            words, ids = likely.topk(min(WORDS, likely.shape[-1]))
            found.append(Expected(ids, words, _others(words)))
    return found


def divergence(before: Sequence[Expected], logits: torch.Tensor) -> torch.Tensor:
    """KL divergence in nats per token, of what was expected `before` from `logits`, (tokens, vocabulary), of the same
    examples in the same order. The cross entropy to what was expected differs from it by a constant."""
    ids, words, others = (torch.cat([getattr(each, name) for each in before]) for name in ("ids", "words", "others"))
    now = logits.gather(-1, ids) - logits.logsumexp(-1, keepdim=True)
    kept = (words.exp() * (words - now)).sum(-1)
    return (kept + others.exp() * (others - _others(now))).mean()


def _others(words: torch.Tensor) -> torch.Tensor:
    return (1 - words.exp().sum(-1)).clamp(min=_TINY).log()
