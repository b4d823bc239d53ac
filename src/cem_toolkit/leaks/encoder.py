"""A sentence encoder for the verdict on likely paraphrases: an extra, since it needs torch and transformers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from cem_toolkit.errors import CemError

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
ENCODER_THRESHOLD = 0.75
"""Chosen for that model; docs/leaks.md has the rates."""
BATCH = 64


class Encoder(Protocol):
    """What `LeakGuard` asks of an encoder."""

    threshold: float
    """From this likeness on, two texts ask the same."""

    def likeness(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """The cosine of the two texts' embeddings, for every pair: from -1 to 1, 1 where they mean the same."""
        ...


class SentenceEncoder:
    """Mean-pooled embeddings (Sentence-BERT, arXiv 1908.10084) by a transformers model, on the CPU.

    Args:
        model: a folder, or a name on the Hub, whose weights are safetensors. No code of the model's is run.
        threshold: from this cosine on, two texts ask the same. Chosen for the model above; another wants another.

    Raises CemError where transformers or the model cannot be had.
    """

    def __init__(self, model: str | Path = MODEL, threshold: float = ENCODER_THRESHOLD) -> None:
        try:
            from transformers import AutoModel, AutoTokenizer
        except ImportError as error:
            raise CemError(f"a sentence encoder needs torch and transformers ({error}): pip install cem-trl") from None
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(str(model))
            self._model: Any = AutoModel.from_pretrained(str(model), use_safetensors=True).eval()
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise CemError(f"sentence encoder {model}: cannot be loaded: {reason}") from None
        self.threshold = threshold
        self._known: dict[str, Any] = {}

    def likeness(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        self._learn([text for pair in pairs for text in pair])
        return [float(self._known[one] @ self._known[other]) for one, other in pairs]

    def _learn(self, texts: Sequence[str]) -> None:
        """Embeds those that are new; short ones together, so that little padding is computed."""
        import torch

        new = sorted({text for text in texts if text not in self._known}, key=lambda text: (len(text), text))
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            inputs = self._tokenizer(batch, padding=True, truncation=True, max_length=256, return_tensors="pt")
            with torch.inference_mode():
                states = self._model(**inputs).last_hidden_state
            mask = inputs["attention_mask"].unsqueeze(-1)
            pooled = (states * mask).sum(1) / mask.sum(1)
            self._known.update(zip(batch, torch.nn.functional.normalize(pooled, dim=1), strict=True))
