"""What is told about a finished training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cem_trl.encoding import Example
from cem_trl.stopping import LOSS

MOST_LOSSES = 200


def figures(trainer: Any, order: Sequence[Example], resumed_from: Path | None, batch_size: int) -> dict[str, Any]:
    """Figures of the whole training, tries before an interruption included; losses are in nats per token."""
    history = trainer.state.log_history
    losses = [[entry["step"], entry["loss"]] for entry in history if "loss" in entry]
    stopping = [[entry["step"], entry[LOSS]] for entry in history if LOSS in entry]
    seen = order[: trainer.state.global_step * batch_size]
    return {
        "tokens": sum(len(example.input_ids) for example in seen),
        "supervised_tokens": sum(example.supervised for example in seen),
        "steps": trainer.state.global_step,
        "loss_first": losses[0][1],
        "loss_last": losses[-1][1],
        "losses": thinned(losses, MOST_LOSSES),
        **({} if trainer.divergence is None else {"divergence": round(trainer.divergence, 4)}),
        **({"stopping_losses": stopping} if stopping else {}),
        "resumed_from_step": 0 if resumed_from is None else int(resumed_from.name.rpartition("-")[2]),
    }


def thinned(points: Sequence[Any], most: int) -> list[Any]:
    """At most `most` of `points`, evenly spread, with the first and the last."""
    if len(points) <= most:
        return list(points)
    return [points[round(index * (len(points) - 1) / (most - 1))] for index in range(most)]
