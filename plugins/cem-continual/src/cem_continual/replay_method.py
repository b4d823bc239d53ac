"""Plain training, and the same with rows of the memory in every step."""

from collections.abc import Sequence
from typing import Any

import torch

from cem_continual.counting import Counting, token_loss
from cem_trl.encoding import Example


class Plain(Counting):
    """The mean loss of each step's own rows."""

    def step(self, model: Any, examples: Sequence[Example], number: int) -> torch.Tensor:
        self.saw(examples)
        return token_loss(model, examples)


class Replaying(Plain):
    """`replay` rows of the memory join for each row of the step."""

    def __init__(self, replay: float) -> None:
        super().__init__()
        self._replay = replay

    def step(self, model: Any, examples: Sequence[Example], number: int) -> torch.Tensor:
        drawn = self.draw(self.earlier, round(self._replay * len(examples)), number)
        return super().step(model, [*examples, *drawn], number)
