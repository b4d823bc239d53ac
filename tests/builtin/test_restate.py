"""Sentences said in other words: what is said stays true, and where that is not sure nothing is said."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cem_toolkit.builtin.restate import inverted, names_in, reordered, turned, with_subject


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 (not for secrets)


@pytest.mark.parametrize(
    ("title", "sentence", "said"),
    [
        ("Togo", "It borders Ghana.", "Togo borders Ghana."),
        ("Togo", "The country has a coast.", "Togo has a coast."),
        ("Togo", "This nation was a colony.", "Togo was a colony."),
        ("Togo", "Its capital is Lomé.", "Togo's capital is Lomé."),
        ("Ada Roe (poet)", "She wrote of the sea.", "She wrote of the sea."),  # of whom a page speaks is not known
        ("Togo", "It is known that the sea is near.", "It is known that the sea is near."),
        ("Togo", "It has a coast, and it has hills.", "Togo has a coast, and it has hills."),
        ("Togo", "Togo borders Ghana.", "Togo borders Ghana."),
        ("Togo", "It rains in June.", "It rains in June."),
        ("Togo", "The city is old.", "Togo is old."),
        ("Togo", "The flag is red.", "The flag is red."),
        ("Togo", "Italy is a country.", "Italy is a country."),
        (r"A\1 \g<0>", "It is a group.", r"A\1 \g<0> is a group."),
    ],
)
def test_a_pronoun_at_the_beginning_becomes_the_page_s_subject(title: str, sentence: str, said: str) -> None:
    assert with_subject(title, sentence) == said


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("Lomé is the capital of Togo.", "The capital of Togo is Lomé."),
        ("The capital of Togo is Lomé.", "Lomé is the capital of Togo."),
        ("The Nile is the longest river in Africa.", "The longest river in Africa is the Nile."),
        ("The longest river in Africa is the Nile.", "The Nile is the longest river in Africa."),
        (
            "George Washington was the first president of the United States, and led the army.",
            "The first president of the United States was George Washington.",
        ),
        ("Ada Roe was the first mayor of Lomé; she was a poet.", "The first mayor of Lomé was Ada Roe."),
        ("It is the capital of Togo.", ""),
        ("However Lomé is the capital of Togo.", ""),
        ("Togo borders Ghana.", ""),
        ("", ""),
    ],
)
def test_a_role_and_who_holds_it_change_places(sentence: str, said: str) -> None:
    assert inverted(sentence) == said


@pytest.mark.parametrize(
    ("title", "sentence", "said"),
    [
        (
            "Oman",
            "Oman shares land borders with Saudi Arabia and Yemen, while also sharing sea with Iran.",
            "One that shares land borders with Saudi Arabia and Yemen is Oman.",
        ),
        (
            "Peru",
            "Peru, officially the Republic of Peru, is a country in America.",
            "One that is a country in America is Peru.",
        ),
        (
            "Nile (river)",
            "The Nile is the longest river, and its source is debated.",
            "One that is the longest river is Nile.",
        ),
        ("Togo", "Togo was German; it was French later.", ""),
        ("Alps", "The Alps are mountains of Europe.", ""),
        ("Togo", "In 1960 Togo became a country.", ""),
        ("Togo", "Togolese food is rich in fish.", ""),
    ],
)
def test_the_subject_is_named_after_what_is_said_of_it(title: str, sentence: str, said: str) -> None:
    assert turned(sentence, title) == said


def test_an_adverb_that_opens_a_sentence_and_part_of_a_number_are_no_names() -> None:
    assert list(names_in("Formerly it rose 24,406 feet above Togo in 1968.", "Peak")) == ["Togo", "1968"]


@pytest.mark.parametrize("name", ["Lomé", "The Hague", "New York City"])
def test_turned_round_twice_it_is_the_same(name: str) -> None:
    sentence = f"{name} is the capital of Togo."
    assert inverted(inverted(sentence)) == sentence


@pytest.mark.parametrize(
    ("sentence", "orders"),
    [
        ("Togo borders Ghana and Benin.", {"Togo borders Benin and Ghana."}),
        (
            "Togo borders Ghana, Benin and Mali.",
            {"Togo borders Benin, Mali and Ghana.", "Togo borders Mali, Ghana and Benin."},
        ),
        (
            "It borders Ghana to the west, Benin to the east, and Burkina Faso to the north.",
            {
                "It borders Benin to the east, Burkina Faso to the north and Ghana to the west.",
                "It borders Burkina Faso to the north, Ghana to the west and Benin to the east.",
            },
        ),
        ("It lies between Ghana and Benin in the west.", {"It lies between Benin and Ghana in the west."}),
        ("The Nile and the Congo are rivers.", {"The Congo and the Nile are rivers."}),
    ],
)
def test_a_list_is_said_in_another_order(sentence: str, orders: set[str]) -> None:
    assert {reordered(sentence, seeded(seed)) for seed in range(30)} == orders


@pytest.mark.parametrize(
    "sentence",
    [
        "Togo borders Ghana.",
        "Lomé is the capital of Togo and Kara is its second city.",
        "He stayed in Paris and Jones left.",
        "In Chad, Libya and Sudan they met.",
        "However, Chad and Mali are dry.",
        "Bosnia and Herzegovina is a country.",
        "Chad and Mali are led by Roe and Doe respectively.",
        "The largest city is Lagos, followed by Kano and Ibadan.",
        "",
    ],
)
def test_what_may_be_no_list_is_left_alone(sentence: str) -> None:
    assert {reordered(sentence, seeded(seed)) for seed in range(10)} == {""}


def test_names_and_years_but_for_the_page_s_own() -> None:
    sentence = "In 1960 Chad left France; Ngarta Tombalbaye led Chad until 1975, and France had the Gulf of Guinea."
    names = ["1960", "France", "Ngarta Tombalbaye", "1975", "Gulf of Guinea"]
    assert list(names_in(sentence, "Chad (country)")) == names
    assert list(names_in("Lake Chad shrinks.", "Chad")) == []


@given(st.text(max_size=20), st.text(max_size=120), st.integers(0, 9))
def test_never_fails(title: str, sentence: str, seed: int) -> None:
    said = with_subject(title, sentence)
    assert said.endswith(sentence[-1:])
    assert isinstance(inverted(said), str)
    assert isinstance(reordered(said, seeded(seed)), str)
    assert all(name in said for name in names_in(said, title))
