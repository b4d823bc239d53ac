"""Statements of two passages: a name is found as a whole and where it means the passage, and what is put together makes
sense."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builtin.helpers import passage

from cem_toolkit.api import Passage
from cem_toolkit.builtin.links import Subjects, links

CHAD = passage("Chad", "It borders Niger. Chad is a landlocked country in Central Africa.")
NIGER = passage("Niger", "Niger lies on a river. It borders Chad, and has no coast.")


def linked(one: Passage, *others: Passage) -> list[str]:
    return [text for text, _ in links(one, Subjects([one, *others]))]


def named(sentence: str, *titles: str) -> list[str]:
    return Subjects(passage(title, f"{title} is a thing.") for title in titles).named_in(sentence)


def test_what_one_passage_says_of_another_is_followed_by_what_that_one_is() -> None:
    subjects = Subjects([NIGER, CHAD])
    assert list(links(NIGER, subjects)) == [
        ("Niger borders Chad, and has no coast. Chad is a landlocked country in Central Africa.", CHAD.id)
    ]
    assert list(links(CHAD, subjects)) == [("Chad borders Niger. Niger lies on a river.", NIGER.id)]


def test_a_definition_of_any_of_its_passages_tells_most_then_the_first_that_begins_with_the_name() -> None:
    about = [passage("Chad", text) for text in ("In Chad it is hot.", "Chad: highest point: Emi Koussi.", "It is dry.")]
    (text,) = linked(NIGER, *about)
    assert text.endswith("Chad: highest point: Emi Koussi.")
    (text,) = linked(NIGER, *about, passage("Chad", "Chad (Tchad), once a colony, is a country."))
    assert text.endswith("Chad (Tchad), once a colony, is a country.")


@pytest.mark.parametrize(
    "told",
    [
        "In Chad it is hot.",  # says nothing of Chad by itself
        "Chad Basin is a plain.",
        "Chadian food is good.",
        "Chad-born people are many.",
        "Chad is a country",  # a heading, or cut off
        f"Chad is a country of {'dry ' * 40}hills.",
    ],
)
def test_where_no_sentence_tells_about_the_other_nothing_is_said(told: str) -> None:
    assert linked(NIGER, passage("Chad", told)) == []


def test_a_passage_is_not_linked_to_itself_or_to_another_of_the_same_title() -> None:
    assert linked(passage("Chad", "Chad borders Chad."), passage("Chad", "Chad is a country.")) == []
    assert linked(passage("Chad", "Chad borders Chad."), passage("Chad (country)", "Chad is a country.")) == []


def test_a_sentence_that_does_not_name_its_own_subject_links_nothing() -> None:
    assert linked(passage("Ada Roe", "She lived in Chad."), CHAD) == []
    assert len(linked(passage("Ada Roe", "Ada Roe lived in Chad."), CHAD)) == 1


def test_each_other_subject_is_linked_once() -> None:
    assert len(linked(passage("Niger", "Niger borders Chad. Niger and Chad are dry."), CHAD)) == 1


@pytest.mark.parametrize(
    ("sentence", "title"),
    [
        ("It borders Chad.", "Chad"),
        ("In Chad it is hot.", "Chad"),
        ("The Chad of today is dry.", "Chad"),
        ("Lomé, Togo, is a port.", "Togo"),
        ("Chad's capital is old.", "Chad"),
        ("Togo's Lomé is a port.", "Lomé"),
        ("It was told in War and Peace, a novel.", "War and Peace"),
        ("It lies near St. Louis.", "St. Louis"),
        ("Lava is rock from the mantle.", "Lava"),
    ],
)
def test_whole_names_are_found(sentence: str, title: str) -> None:
    assert named(sentence, title) == [title]


@pytest.mark.parametrize(
    ("sentence", "title"),
    [
        ("It borders Nigeria.", "Niger"),
        ("The Niger River is long.", "Niger"),
        ("It borders South Sudan.", "Sudan"),
        ("The Gulf of Guinea is deep.", "Guinea"),
        ("It was the Republic of the Congo.", "Congo"),
        ("The Bank of England is old.", "Bank"),
        ("It borders Guinea-Bissau.", "Guinea"),
        ("A Franco-Chad pact was made.", "Chad"),
        ("The niger seed is black.", "Niger"),
        ("They came in 1960 to vote.", "1960"),
        ("They came by plan C to vote.", "C"),
        ("It was so.", "It"),
        ("The Who sang.", "The Who"),
    ],
)
def test_parts_of_longer_names_other_words_and_what_is_no_name_are_not(sentence: str, title: str) -> None:
    assert named(sentence, title) == []


def test_the_longest_name_is_meant() -> None:
    titles = ("Yoruba", "Yoruba people", "Trinidad", "Trinidad and Tobago")
    assert named("The Yoruba people sing; Trinidad and Tobago dance.", *titles) == [
        "Yoruba people",
        "Trinidad and Tobago",
    ]


def test_a_name_that_needs_an_aside_may_mean_something_else() -> None:
    atlanta = passage("Atlanta", "Atlanta is the capital of Georgia.")
    assert linked(atlanta, passage("Georgia (country)", "Georgia is a country.")) == []
    both = [passage(title, "Georgia is a country.") for title in ("Georgia", "Georgia (country)")]
    assert linked(atlanta, *both) == []
    assert len(linked(atlanta, both[0])) == 1


@pytest.mark.parametrize("title", ["Lake {}", "{} Lake", "Lake Lake Lake {}"])
def test_thousands_of_passages_with_names_alike_take_no_time(title: str) -> None:
    names = [title.format(f"Bo{number}") for number in range(5000)]
    texts = (f"{name} is a lake in Asia. It lies by {names[place - 1]}, a lake." for place, name in enumerate(names))
    passages = [passage(name, text) for name, text in zip(names, texts, strict=True)]
    start = time.process_time()
    subjects = Subjects(passages)
    assert sum(1 for each in passages for _ in links(each, subjects)) == 5000
    assert time.process_time() - start < 5


PIECES = ("Chad", "The", "of", "Lake", "C", "1960", "is", "a", ",", ".", "-", "'s", "(", ")")
WORDS = st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join)


@given(st.lists(st.tuples(WORDS | st.text(max_size=9), WORDS | st.text(max_size=99)), max_size=4))
def test_never_fails_and_links_two_passages(pages: list[tuple[str, str]]) -> None:
    passages = [passage(title, text) for title, text in pages]
    subjects = Subjects(passages)
    titles = {each.id: each.title for each in passages}
    for each in passages:
        for _, other in links(each, subjects):
            assert titles[other] != each.title
