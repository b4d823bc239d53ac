"""Texts as vectors that lie close where texts mean the same: an extra, since it needs torch and transformers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cem_toolkit.errors import CemError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SMALL_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
BATCH = 64
LONGEST = 256
"""Tokens of a text that are read."""


def _ignore(count: int) -> None: ...


class Embedder:
    """Mean-pooled embeddings (Sentence-BERT, arXiv 1908.10084) by a transformers model.

    `model` is a folder, or a name on the Hub, whose weights are safetensors; no code of the model's is run. `device` is
    one of torch's names, and `batch` is how many texts are encoded together. Raises CemError where transformers or the
    model cannot be had.
    """

    def __init__(self, model: str | Path = SMALL_ENCODER, device: str = "cpu", batch: int = BATCH) -> None:
        try:
            from transformers import AutoModel, AutoTokenizer
            from transformers.utils import logging
        except ImportError as error:
            raise CemError(f"a sentence encoder needs torch and transformers ({error}): pip install cem-trl") from None
        bars = logging.is_progress_bar_enabled()
        logging.disable_progress_bar()  # a run has its own
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(str(model), trust_remote_code=False)
            self._model: Any = AutoModel.from_pretrained(str(model), use_safetensors=True, trust_remote_code=False)
            self._model = self._model.eval().to(device)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise CemError(f"sentence encoder {model}: cannot be loaded: {reason}") from None
        finally:
            if bars:
                logging.enable_progress_bar()
        self._device = device
        self._batch = batch

    def embed(self, texts: Sequence[str], done: Callable[[int], None] = _ignore) -> "NDArray[np.float32]":
        """A row of length 1 for every text, so that the product of two rows is their cosine. `done` is told how many
        more are encoded; they are encoded short ones together, so that little padding is computed."""
        import numpy as np
        import torch

        vectors = np.empty((len(texts), self._model.config.hidden_size), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda number: (len(texts[number]), texts[number]))
        for start in range(0, len(order), self._batch):
            batch = order[start : start + self._batch]
            inputs = self._tokenizer(
                [texts[number] for number in batch],
                padding=True,
                truncation=True,
                max_length=LONGEST,
                return_tensors="pt",
            ).to(self._device)
            with torch.inference_mode():
                states = self._model(**inputs).last_hidden_state
            mask = inputs["attention_mask"].unsqueeze(-1)
            pooled = (states * mask).sum(1) / mask.sum(1)
            vectors[batch] = torch.nn.functional.normalize(pooled, dim=1).cpu().numpy()
            done(len(batch))
        return vectors
