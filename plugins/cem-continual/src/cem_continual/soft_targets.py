"""Predictions that are stored with a memory's rows, at a temperature, by their likeliest words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from cem_continual.memory import TARGETS
from cem_toolkit.api import CemError
from cem_trl.predicted import Predicted, predicted

TEMPERATURE = "temperature"


@dataclass(frozen=True, slots=True)
class SoftTargets:
    """What was predicted for each token with loss of a row or an example."""

    predicted: Predicted
    """At `temperature`."""
    temperature: float

    @classmethod
    def of(cls, logits: torch.Tensor, temperature: float) -> Self:
        """Of `logits`, (tokens, vocabulary)."""
        return cls(predicted(logits / temperature), temperature)

    def divergence(self, logits: torch.Tensor) -> torch.Tensor:
        """KL of what `logits` predict from this, at its temperature, for each token, in nats."""
        return self.predicted.divergences(logits / self.temperature)

    def parts(self, lengths: Sequence[int], vocabulary: int) -> list["SoftTargets"]:
        """Of a row's examples, of so many tokens each; none where these are not the tokens that were predicted."""
        ids, words = self.predicted.ids, self.predicted.words
        if sum(lengths) != len(ids) or int(ids.max()) >= vocabulary:
            return []
        pieces = zip(torch.split(ids, list(lengths)), torch.split(words, list(lengths)), strict=True)
        return [SoftTargets(Predicted(*piece), self.temperature) for piece in pieces]


def as_tensors(found: Mapping[str, SoftTargets], temperature: float) -> dict[str, torch.Tensor]:
    """`found`, by the ids of rows, as it is stored."""
    stored = {TEMPERATURE: torch.tensor(temperature)}
    for row, each in found.items():
        stored[f"{row}.ids"] = each.predicted.ids.to("cpu", torch.int32).contiguous()
        stored[f"{row}.words"] = each.predicted.words.to("cpu", torch.float16).contiguous()
    return stored


def read_targets(folder: Path, temperature: float) -> dict[str, SoftTargets]:
    """What is stored in a memory's `folder`, by the ids of rows; nothing where that is of another temperature. Raises
    CemError where it is not what `as_tensors` makes."""
    path = folder / TARGETS
    if not path.is_file():
        return {}
    try:
        stored = load_file(path)
        if abs(float(stored.pop(TEMPERATURE)) - temperature) > 1e-3:
            return {}
        rows = {name.removesuffix(".ids") for name in stored if name.endswith(".ids")}
        found = {row: (stored[f"{row}.ids"].long(), stored[f"{row}.words"].float()) for row in rows}
        if not all(ids.dim() == 2 and ids.shape == words.shape and ids.numel() for ids, words in found.values()):
            raise ValueError
        if not all(int(ids.min()) >= 0 and bool((words <= 0).all()) for ids, words in found.values()):
            raise ValueError
    except (OSError, SafetensorError, LookupError, ValueError, RuntimeError):
        raise CemError(f"{path}: holds no predictions of a memory's rows: remove {folder}") from None
    return {row: SoftTargets(Predicted(ids, words), temperature) for row, (ids, words) in found.items()}
