"""How far a model's predictions went from those of the model that training began with."""

from collections.abc import Sequence
from typing import Any

import torch

from cem_trl.encoding import Example
from cem_trl.options import TrlOptions
from cem_trl.passes import predictions
from cem_trl.predicted import Predicted, predicted
from cem_unlearn.reading import asked


def expected(model: Any, examples: Sequence[Example], options: TrlOptions) -> list[Predicted]:
    """What `model` expects of each of `examples`, of its tokens with loss."""
    with asked(model, options):
        return [predicted(predictions(model, [each])[0]) for each in examples]


def divergence(before: Sequence[Predicted], logits: torch.Tensor) -> torch.Tensor:
    """KL divergence in nats per token, of what was expected `before` from `logits`, (tokens, vocabulary), of the same
    examples in the same order. The cross entropy to what was expected differs from it by a constant."""
    together = Predicted(*(torch.cat([getattr(each, name) for each in before]) for name in ("ids", "words")))
    return together.divergences(logits).mean()
