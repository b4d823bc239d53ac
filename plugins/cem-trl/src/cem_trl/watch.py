"""What is watched while training runs: progress, sick losses, and when to write a checkpoint."""

import math
import time
from typing import Any

from transformers import TrainerCallback

from cem_toolkit.api import CemError, Progress
from cem_trl.together import agreed

WRITING_SHARE = 0.1
"""Checkpoints may take this share of the time at most."""


class Watch(TrainerCallback):  # type: ignore[misc]
    """Advances `progress` by every optimiser step, and stops a training whose loss is no number."""

    def __init__(self, progress: Progress, learning_rate: float) -> None:
        self._progress = progress
        self._learning_rate = learning_rate

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        if logs is None or "loss" not in logs:
            return
        loss, norm = float(logs["loss"]), float(logs.get("grad_norm", 0.0))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            what = f"loss is {loss}" if not math.isfinite(loss) else f"gradient's norm is {norm}"
            raise CemError(
                f"training stopped at step {state.global_step}: the {what}. Try a lower learning_rate "
                f"(it is {self._learning_rate:g}), precision float32, or a max_grad_norm of 1"
            )
        self._progress.advance(1, message=f"loss {loss:.2f}")


class Cadence(TrainerCallback):  # type: ignore[misc]
    """Asks for a checkpoint every `seconds`, or less often where writing one takes long. Never after the last step."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._wait = seconds
        self._last = self._asked = time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._last = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        if not self._seconds or state.global_step == state.max_steps:
            return control
        now = time.monotonic()
        if agreed(now - self._last >= self._wait):  # all processes write one, or none does
            self._asked = now
            control.should_save = True
        return control

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._last = time.monotonic()
        self._wait = max(self._seconds, (self._last - self._asked) / WRITING_SHARE)
