import sys
import unicodedata

from cem_toolkit.searching import clean
from cem_toolkit.searching.pages import NO_TEXT, REORDERING


def test_what_is_no_text_is_taken_out_and_lines_and_tabs_stay() -> None:
    assert clean(" one\x00\ttwo\u202e\nthree\u00a0four\ufdd0 ", 100) == "one\ttwo\nthree\u00a0four"
    assert clean("plain text,\n\tin lines", 100) == "plain text,\n\tin lines"


def test_all_that_is_no_text_is_unprintable() -> None:
    """So that printable texts need no look at each character."""
    for char in map(chr, range(sys.maxunicode + 1)):
        if unicodedata.category(char) in NO_TEXT or char in REORDERING:
            assert not char.isprintable()


def test_a_long_text_is_cut_at_a_word_that_is_near_the_limit() -> None:
    assert clean("a bee sees trees", 12) == "a bee sees"
    assert clean("a bee sees trees", 9) == "a bee see", "where none is near, anywhere"
    assert clean("x" * 20, 12) == "x" * 12
