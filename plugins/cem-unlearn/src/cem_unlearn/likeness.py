"""How alike texts are: by words, and by a sentence encoder where there is one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cem_toolkit.api import normalise

if TYPE_CHECKING:
    from cem_toolkit.api import Embedder

Pairs = Sequence[tuple[str, str]]


def bleu(written: str, truth: str) -> float:
    """Sentence BLEU from 0 to 1, without smoothing: 0 where no four words in a row are the truth's (fewer, where a text
    is shorter)."""
    from sacrebleu.metrics.bleu import BLEU

    metric = BLEU(lowercase=True, smooth_method="none", effective_order=True)
    return float(metric.sentence_score(written, [truth]).score) / 100


def cosines(pairs: Pairs, encoder: "Embedder") -> list[float]:
    """Of each pair's embeddings."""
    vectors = encoder.embed([text for pair in pairs for text in pair])
    return [float(one) for one in (vectors[::2] * vectors[1::2]).sum(1)]


def nearest(texts: Sequence[str], others: Sequence[str], encoder: "Embedder | None") -> list[int]:
    """For each of `texts` the number of the one of `others` that is most like it: by embeddings, or without an encoder
    by words (the cosine of tf-idf). Of equals it is the first."""
    if encoder is not None:
        likeness = encoder.embed(texts) @ encoder.embed(others).T
    else:
        from sklearn.feature_extraction.text import TfidfVectorizer

        # Every run of letters and digits is a word, however short; a text without any is the word "a".
        words = TfidfVectorizer(analyzer=lambda text: normalise(text).split() or ["a"]).fit([*texts, *others])
        likeness = (words.transform(texts) @ words.transform(others).T).toarray()
    return [int(each) for each in likeness.argmax(1)]
