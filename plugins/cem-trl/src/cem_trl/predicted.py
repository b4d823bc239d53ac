"""What a model predicted once, kept by its likeliest words and all others as one, so that nothing of the vocabulary's
size is held for every position; and how far another's predictions are from it."""

from dataclasses import dataclass

import torch

WORDS = 64
"""Of a position, whose probabilities are kept: in a language model they have nearly all."""
_TINY = 1e-6
"""Probability of all other words together, at least: float32 tells no smaller distance to 1."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """Of every token of a text: words by id and their log probabilities, each (tokens, WORDS)."""

    ids: torch.Tensor
    words: torch.Tensor

    def divergences(self, logits: torch.Tensor) -> torch.Tensor:
        """KL of every token, (tokens,), in nats, from this to what `logits`, (tokens, vocabulary), say of the same
        text."""
        ids, before = self.ids.to(logits.device), self.words.to(logits.device)
        # Not by log_softmax: its result and gradient would both be of the vocabulary's size.
        now = logits.gather(-1, ids) - logits.logsumexp(-1, keepdim=True)
        rest = _others(before)
        return (before.exp() * (before - now)).sum(-1) + rest.exp() * (rest - _others(now))


def predicted(logits: torch.Tensor) -> Predicted:
    """What a model that gives `logits`, (tokens, vocabulary), expects."""
    words, ids = logits.log_softmax(-1).topk(min(WORDS, logits.shape[-1]))
    return Predicted(ids, words)


def _others(words: torch.Tensor) -> torch.Tensor:
    """The log probability of all words but these."""
    return (1 - words.exp().sum(-1)).clamp(min=_TINY).log()
