"""Passages hold all text, none is too long, and none goes across a heading."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cem_docs.blocks import Block
from cem_docs.chunks import chunk

WORDS = st.text("ab. \n\t!。é\u3000", max_size=120)
BLOCKS = st.lists(st.builds(Block, st.sampled_from([(), ("A",), ("A", "B"), ("B",)]), WORDS, st.sampled_from("12")))


@settings(max_examples=150, deadline=None)
@given(BLOCKS, st.integers(1, 60))
def test_nothing_is_lost_or_too_long_or_moved(blocks: list[Block], limit: int) -> None:
    made = list(chunk(blocks, limit))
    assert all(0 < len(block.text) <= limit for block in made)

    def letters(of: list[Block]) -> list[tuple[tuple[str, ...], str]]:
        return [(block.headings, letter) for block in of for letter in block.text if not letter.isspace()]

    assert letters(made) == letters(blocks)


def test_whole_paragraphs_then_sentences_then_words() -> None:
    def texts(*paragraphs: str) -> list[str]:
        return [block.text for block in chunk([Block((), text) for text in paragraphs], 30)]

    assert texts("One paragraph.", "Another one.", "A third.") == ["One paragraph.\nAnother one.", "A third."]
    assert texts("Here is one sentence. And here another one.") == ["Here is one sentence.", "And here another one."]
    assert texts("no sentence ends in here, but words do") == ["no sentence ends in here, but", "words do"]
    assert texts("x" * 40) == ["x" * 30, "x" * 10]


def test_a_passage_lies_where_it_begins() -> None:
    made = list(chunk([Block((), "On one page,", "page=1"), Block((), "and the next.", "page=2")], 100))
    assert made == [Block((), "On one page,\nand the next.", "page=1")]
