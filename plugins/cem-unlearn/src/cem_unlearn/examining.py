"""How well a model still knows what it is to unlearn: what `icu` looks at after each epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cem_toolkit.api import Embedder
from cem_unlearn.continuing import Asked, ask, continuations, extraction_likelihood
from cem_unlearn.forget import Item, examples
from cem_unlearn.icu import IcuOptions
from cem_unlearn.likeness import bleu, cosines
from cem_unlearn.reading import asked, read


@dataclass(frozen=True)
class Examined:
    """Of all items in order."""

    memorised: list[float]
    """Memorisation accuracy."""
    extracted: list[float]
    """Extraction likelihood."""
    words: list[float]
    """BLEU of continuation and truth, from 0 to 1."""
    meaning: list[float]
    """The cosine of both; none without an encoder."""
    losses: list[float]
    """In nats a token."""
    unseen: float | None = None
    """The loss of texts never seen, with `until: unseen`."""

    def active(self, options: IcuOptions) -> list[bool]:
        """Which items are still to be unlearnt: what is continued unlike the truth is not, or what is as unlikely as
        texts never seen."""
        if self.unseen is not None:
            return [each < self.unseen for each in self.losses]
        alike = [each >= options.similarity for each in self.meaning] or [True] * len(self.words)
        return [word >= options.bleu and like for word, like in zip(self.words, alike, strict=True)]

    def ended(self, options: IcuOptions) -> bool:
        """Whether all is forgotten."""
        unknown = mean(self.memorised) < options.memorisation and mean(self.extracted) < options.extraction
        return unknown or not any(self.active(options))

    @property
    def means(self) -> list[float]:
        """Of loss, memorisation, extraction, BLEU and, if it was measured, the cosine."""
        measured = (self.losses, self.memorised, self.extracted, self.words, self.meaning)
        return [mean(each) for each in measured if each]


class Examiner:
    """Examines models on the same items."""

    def __init__(
        self,
        items: Sequence[Item],
        tokenizer: Any,
        embedder: Embedder | None,
        unseen: float | None,
        options: IcuOptions,
    ) -> None:
        self._items, self._tokenizer, self._embedder, self._options = items, tokenizer, embedder, options
        self._unseen = unseen
        self._asked = [ask(item.example) for item in items]
        self._padding = tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id

    def examine(self, model: Any) -> Examined:
        options = self._options
        with asked(model, options):
            pairs = self._continued(model)
            extracted = extraction_likelihood(model, self._asked, options.prefixes, options.continuation, self._padding)
        reads = read(model, examples(self._items), options)
        return Examined(
            memorised=[each.memorised for each in reads],
            extracted=extracted,
            words=[bleu(written, truth) for written, truth in pairs],
            meaning=cosines(pairs, self._embedder) if self._embedder else [],
            losses=[each.loss for each in reads],
            unseen=self._unseen,
        )

    def _continued(self, model: Any) -> list[tuple[str, str]]:
        """Of each item what `model` writes, and the truth, as texts."""
        size, most = self._options.batch_size, self._options.continuation
        pairs: list[tuple[str, str]] = []
        for start in range(0, len(self._asked), size):
            batch: list[Asked] = self._asked[start : start + size]
            for written, each in zip(continuations(model, batch, most, self._padding), batch, strict=True):
                pairs.append((self._text(written), self._text(each.truth[:most])))
        return pairs

    def _text(self, ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True))


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
