"""Perplexity on neutral text."""

from pathlib import Path

import pytest

from cem_toolkit.errors import CemError
from cem_toolkit.neutral import read_neutral, score_neutral
from cem_toolkit.testing import make_context


def test_the_text_within_is_whole_paragraphs() -> None:
    texts = read_neutral(None)
    assert len(texts) == 16
    assert all(text[0].isupper() or text[0] == '"' for text in texts)


def test_a_file_is_read_by_paragraphs(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("One line\nand another.\n\n\nThe second.\n")
    assert read_neutral(tmp_path / "text.txt") == ["One line and another.", "The second."]


@pytest.mark.parametrize("content", [None, "", " \n\n "])
def test_a_file_without_text_is_an_error_that_names_it(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "text.txt"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CemError, match=r"neutral: .*text\.txt"):
        read_neutral(path)


def test_texts_are_scored_from_their_beginning_and_summed(tmp_path: Path) -> None:
    ctx = make_context(tmp_path, score=lambda pairs: [(-10.0 * (prompt == ""),) for prompt, _ in pairs])
    assert score_neutral(["one two", "three"], ctx) == {"tokens": 3, "nats": -20.0}


def test_without_scores_there_is_none(tmp_path: Path) -> None:
    assert score_neutral(["text"], make_context(tmp_path)) is None
