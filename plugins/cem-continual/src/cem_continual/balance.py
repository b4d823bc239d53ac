"""Balanced softmax (Ren et al., arXiv 2007.10740) of a language model's words: cross entropy by logits + log prior."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import torch

from cem_trl.encoding import IGNORED, Example

Tokens = tuple[int, ...]


def completion(example: Example) -> Tokens:
    """The tokens with loss."""
    return tuple(label for label in example.labels[1:] if label != IGNORED)


class Prior:
    """How often each token follows each beginning of a label: a label's prior, along its tokens."""

    def __init__(self, counts: Mapping[Tokens, float]) -> None:
        """`counts` says of each label's tokens how often they are seen."""
        self._next: dict[Tokens, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for label, count in counts.items():
            for place, token in enumerate(label):
                self._next[label[:place]][token] += count

    def choices(self, label: Tokens) -> Iterable[tuple[int, dict[int, float]]]:
        """The places in `label` where labels part, each with the tokens that may follow and how often they do."""
        for place in range(len(label)):
            if len(found := self._next.get(label[:place], {})) > 1:
                yield place, found


def balanced_losses(logits: torch.Tensor, tokens: torch.Tensor, labels: Sequence[Tokens], prior: Prior) -> torch.Tensor:
    """Losses of `tokens`, (tokens,), those of `labels` one after the other, by `logits`, (tokens, vocabulary); in nats.

    The cross entropy of a token is that of one of those that may follow being next, and, where labels part, that of
    which of them it is. The latter is taken of logits plus log prior. So where labels differ in their first token,
    that is CE(logits + log prior) over the labels, and words that are no label's are learnt to be left out as usual.
    """
    losses = torch.nn.functional.cross_entropy(logits, tokens, reduction="none")
    added, start = torch.zeros_like(losses), 0
    for label in labels:
        for place, found in prior.choices(label):
            among = logits[start + place, list(found)]
            which = torch.tensor(list(found).index(label[place]), device=logits.device)
            shift = torch.tensor(list(found.values()), device=logits.device).log()
            entropy = torch.nn.functional.cross_entropy
            added[start + place] = entropy(among + shift, which) - entropy(among, which)
        start += len(label)
    return losses + added
