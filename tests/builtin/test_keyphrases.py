import pytest
from hypothesis import given
from hypothesis import strategies as st

from cem_toolkit.builtin.keyphrases import is_telling, names, phrases, queries, topic


def test_the_most_telling_come_first() -> None:
    assert queries("What is the capital of Chad?", ["N'Djamena", "Abuja"], 16) == (
        "Chad",
        "capital Chad",
        "capital Chad Abuja",
        "capital Chad N'Djamena",
        "Abuja",
        "N'Djamena",
    )


@pytest.mark.parametrize(
    ("stem", "found"),
    [
        ("Which of these countries borders Bolivia?", ["Bolivia"]),
        ("Who painted 'The Night Watch' in Amsterdam?", ["The Night Watch", "Amsterdam"]),
        ("Who was J. S. Bach's teacher?", ["J. S. Bach"]),
        ("Where did the Treaty of the Pyrenees end a war?", ["Treaty of the Pyrenees"]),
        ("Clouds near Lake Chad bring what?", ["Lake Chad", "Clouds"]),
        ("In what US state is Mount Rainier?", ["US", "Mount Rainier"]),
        ("What happened in March?", []),
        ("《南京条约》是哪年签订的?", ["南京条约"]),
        ("why do cats purr", []),
    ],
)
def test_names(stem: str, found: list[str]) -> None:
    assert names(stem) == found


@pytest.mark.parametrize(
    "choice", ["Yes", "no", "42", "1,205.5", "B", "None of the above", "All of these", "true", "___", ""]
)
def test_empty_choices_are_no_queries(choice: str) -> None:
    assert not is_telling(choice)
    assert queries("Which sea borders Italy?", [choice, "Adriatic"], 16)[-1] == "Adriatic"


def test_long_choices_become_keyphrases() -> None:
    assert "altitude air" in queries("Why?", ["Because of the altitude and of the air"], 16)


def test_a_longer_phrase_scores_higher() -> None:
    assert phrases("the compatibility of linear diophantine equations")[0] == "linear diophantine equations"


def test_long_stems_are_cut_to_their_best_phrases_in_their_order() -> None:
    stem = "After a war, " + ", ".join(f"a thing{n} of some old kind{n}" for n in range(30)) + " what did Chad win?"
    words = topic(stem).split()
    assert len(words) <= 12
    assert [stem.index(word) for word in words] == sorted(stem.index(word) for word in words)


def test_scripts_without_spaces_are_split_at_punctuation() -> None:
    assert queries("1853年，太平天国的革命纲领是_____", ["《天演论》"], 16) == (
        "1853年 太平天国的革命纲领是",
        "1853年 太平天国的革命纲领是 《天演论》",
        "《天演论》",
    )


def test_nothing_but_stop_words_falls_back_to_the_stem() -> None:
    assert queries("What is it?", [], 16) == ("What is it?",)
    assert queries("", [], 16) == ()


@given(st.text(max_size=80), st.lists(st.text(max_size=20), max_size=5), st.integers(1, 20), st.randoms())
def test_never_fails_and_the_order_of_the_choices_tells_nothing(
    stem: str, choices: list[str], limit: int, random: "object"
) -> None:
    found = queries(stem, choices, limit)
    other = list(choices)
    random.shuffle(other)  # type: ignore[attr-defined]
    assert queries(stem, other, limit) == found
    assert len(set(found)) == len(found) <= limit
