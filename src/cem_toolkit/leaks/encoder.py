"""A sentence encoder for the verdict on likely paraphrases."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from cem_toolkit.models.encoder import SMALL_ENCODER, Embedder

ENCODER_THRESHOLD = 0.75
"""Chosen for `SMALL_ENCODER`; docs/leaks.md has the rates."""


class Encoder(Protocol):
    """What `LeakGuard` asks of an encoder."""

    threshold: float
    """From this likeness on, two texts ask the same."""

    def likeness(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """The cosine of the two texts' embeddings, for every pair: from -1 to 1, 1 where they mean the same."""
        ...


class SentenceEncoder:
    """The likeness of texts by an `Embedder`, which keeps what it has encoded.

    Args:
        model: a folder, or a name on the Hub.
        threshold: from this cosine on, two texts ask the same. Chosen for `SMALL_ENCODER`; another wants another.

    Raises CemError where transformers or the model cannot be had.
    """

    def __init__(self, model: str | Path = SMALL_ENCODER, threshold: float = ENCODER_THRESHOLD) -> None:
        self._embedder = Embedder(model)
        self.threshold = threshold
        self._known: dict[str, Any] = {}

    def likeness(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        new = list({text: None for pair in pairs for text in pair if text not in self._known})
        if new:
            self._known.update(zip(new, self._embedder.embed(new), strict=True))
        return [float(self._known[one] @ self._known[other]) for one, other in pairs]
