"""The two stages of `delta`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import torch

from cem_continual.balance import Prior, balanced_losses, completion
from cem_continual.contrast import representations, supervised_contrast
from cem_continual.counting import Counting
from cem_continual.delta import DeltaOptions
from cem_continual.labels import is_closed, labelled, rarity
from cem_toolkit.api import Context
from cem_trl.encoding import Example
from cem_trl.method import Encoded
from cem_trl.options import TrlOptions
from cem_trl.passes import predictions

T = TypeVar("T")


class TwoStages(Counting):
    """Contrastive steps, then steps of a balanced cross entropy. Each has the step's rows and as many of the memory as
    `replay` has."""

    def __init__(self, options: DeltaOptions) -> None:
        super().__init__()
        self._options = options

    def order(self, encoded: Encoded, options: TrlOptions, ctx: Context) -> list[Example]:
        order = super().order(encoded, options, ctx)
        rows = [row for row, _ in encoded]
        kind = self._options.labels
        self._closed = kind == "closed" or (kind == "auto" and is_closed(rows))
        label = labelled(rows, kind)
        self._label = {id(each): label(row) for row, examples in encoded for each in examples}
        again = self._options.replay * len(order) / max(len(self.earlier), 1)
        seen = [(each, 1.0) for each in order] + [(each, again) for each in self.earlier]
        self._prior = Prior(_counts((completion(each), times) for each, times in seen))
        counts = _counts((self._label[id(each)], times) for each, times in seen)
        self._weights = inverse_frequency(counts, self._options.most_weight)
        self._contrastive = int(self._options.contrastive * -(-len(order) // options.batch_size))
        return order

    def step(self, model: Any, examples: Sequence[Example], number: int) -> torch.Tensor:
        examples = [*examples, *self.draw(self.earlier, round(self._options.replay * len(examples)), number)]
        self.saw(examples)
        labels = [self._label[id(each)] for each in examples]
        if number < self._contrastive:
            return supervised_contrast(representations(model, examples), labels, self._options.temperature)
        logits, tokens, rows = predictions(model, examples)
        if self._options.balanced and self._closed:
            return balanced_losses(logits, tokens, [completion(each) for each in examples], self._prior).mean()
        losses = torch.nn.functional.cross_entropy(logits, tokens, reduction="none")
        if not self._options.balanced:
            return losses.mean()
        weights = torch.tensor([self._weights[label] for label in labels], device=losses.device)[rows]
        return (losses * weights).mean()

    def end(self, model: Any) -> Mapping[str, Any]:
        return {**super().end(model), "labels": "closed" if self._closed else "free"}


def inverse_frequency(counts: Mapping[str, float], most: float) -> dict[str, float]:
    """Of each label a weight that is the higher, up to `most` times the least, the rarer it is, and 1 in the mean over
    all rows that have a label. Rows without one, "", weigh 1."""
    rare = rarity(counts, most)
    rows = sum(count for label, count in counts.items() if label)
    mean = sum(rare[label] * count for label, count in counts.items() if label) / rows if rows else 1.0
    return {label: weight / mean if label else 1.0 for label, weight in rare.items()}


def _counts(seen: Iterable[tuple[T, float]]) -> dict[T, float]:
    counts: dict[T, float] = {}
    for each, times in seen:
        counts[each] = counts.get(each, 0.0) + times
    return counts
