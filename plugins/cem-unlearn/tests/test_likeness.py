"""How alike texts are."""

from typing import Any

import numpy as np
import pytest

from cem_unlearn.likeness import bleu, cosines, nearest


class Letters:
    """Encodes a text by which of a and b it has."""

    def embed(self, texts: Any) -> Any:
        counts = np.array([[text.count("a"), text.count("b")] for text in texts], float)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def test_bleu_is_of_words_in_a_row() -> None:
    text = "the river flows through ten countries"
    assert bleu(text, text) == pytest.approx(1)
    assert bleu("countries ten through flows river the", text) == 0
    assert bleu("Paris", "paris") == pytest.approx(1), "a short one has fewer words in a row"
    assert bleu("", "Paris") == 0


def test_neighbours_are_by_words_without_an_encoder() -> None:
    others = ["Lions live in Africa.", "The number of Rosa Holm is 63 02 85", "Paris is a city."]
    assert nearest(["The number of Ada Keller is 48 31 77", "lions hunt"], others, None) == [1, 0]
    assert nearest(["!?"], ["...", "a b"], None) in ([0], [1]), "a text without words has some neighbour too"


def test_an_encoder_decides_where_there_is_one() -> None:
    encoder: Any = Letters()
    assert nearest(["aaa", "bbb"], ["b", "ab", "a"], encoder) == [2, 0]
    assert cosines([("a", "aa"), ("a", "b"), ("ab", "a")], encoder) == pytest.approx([1, 0, 0.5**0.5])
