"""What holds a training near the model that it began with: how far their predictions diverge on rows to be kept.

The KL divergence from the starting model, as the penalty of Learning without Forgetting (Li and Hoiem, 2016, arXiv
1606.09282) has it. The starting model reads the rows once, before training.
"""

from collections.abc import Sequence
from typing import Any

import torch

from cem_trl.encoding import Example
from cem_trl.predicted import predicted

KEPT = ("review", "general")
"""The kinds of rows that hold what is to be kept."""
ROWS = 8
"""Read for each optimiser step."""


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
        sums = [self._before[each].divergences(self._logits(model, self._texts[each])).sum() for each in chosen]
        return torch.stack(sums).sum() / sum(self._texts[each].shape[1] for each in chosen)

    def _logits(self, model: Any, text: torch.Tensor) -> torch.Tensor:
        """(tokens, vocabulary), in float32."""
        with torch.autocast(model.device.type, torch.bfloat16, enabled=self._mixed):
            logits: torch.Tensor = model(input_ids=text.to(model.device), use_cache=False).logits[0].float()
        return logits
