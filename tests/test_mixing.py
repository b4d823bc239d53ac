"""Several sources' passages together."""

import pytest

from cem_toolkit.mixing import mix_sources, repeats
from cem_toolkit.records import Hit, Passage

PARIS = "Paris is the capital of France and its largest city, on the river Seine."


def passage(text: str, source: str = "wiki", title: str = "Paris", about: tuple[str, ...] = ("m",)) -> Passage:
    hits = tuple(Hit(mistake_id=mistake, query=source, score=1.0) for mistake in about)
    return Passage.make(text=text, title=title, source=source, licence="own", hits=hits)


def test_a_text_of_several_sources_counts_as_the_first_s_with_the_hits_of_all() -> None:
    first = passage(PARIS, about=("m", "n"))
    copy = passage(f" {PARIS.upper()}", "docs", about=("n", "o"))
    (mixed,) = mix_sources([first, copy], {})
    assert (mixed.id, mixed.source) == (first.id, "wiki")
    assert [(hit.mistake_id, hit.query) for hit in mixed.hits] == [("m", "wiki"), ("n", "wiki"), ("o", "docs")]


def test_passages_carry_the_weight_of_their_source() -> None:
    mixed = mix_sources([passage(PARIS), passage("Another text.", "docs")], {"docs": 2.5})
    assert [each.weight for each in mixed] == [1.0, 2.5]


def test_one_text_under_two_titles_is_said_of_two_things() -> None:
    small = "It is the smallest of them."
    assert len(mix_sources([passage(small), passage(small, "docs", "Rome")], {})) == 2


@pytest.mark.parametrize(
    ("text", "title", "same"),
    [
        ("Paris is the capital of France and its largest city, on the river Seine [1].", "Paris", False),  # a number
        ("Paris is the capital of France, and its largest city on the river Seine!", "About us", True),
        ("Paris is not the capital of France and its largest city, on the river Seine.", "Paris", False),
        ("Paris is the capital of France.", "Paris", False),
        ("Lyon lies on the Rhône.", "Paris", False),
    ],
    ids=["another number", "copied", "denied", "shorter", "another"],
)
def test_what_another_source_says_already(text: str, title: str, same: bool) -> None:
    assert repeats(passage(PARIS), passage(text, "web", title)) is same
    assert repeats(passage(text, "web", title), passage(PARIS)) is same


def test_a_short_text_repeats_another_only_where_both_are_about_the_same() -> None:
    short = "It is a large city."
    assert repeats(passage(short), passage(short, "web", "The city of Paris"))
    assert not repeats(passage(short), passage(short, "web", "Rome"))


def test_one_source_s_own_passages_are_left_alone() -> None:
    assert not repeats(passage(PARIS), passage(PARIS))
