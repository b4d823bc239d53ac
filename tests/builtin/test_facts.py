import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builtin.helpers import passage

from cem_toolkit.builtin.facts import facts
from cem_toolkit.builtin.text import main_name, sentences


def asked(title: str, text: str, limit: int = 9) -> list[tuple[str, str]]:
    return [(fact.question, fact.answer) for fact in facts(passage(title, text), limit)]


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        ("N'Djamena is the capital of Chad.", "What is the capital of Chad?", "N'Djamena"),
        (
            "N'Djamena, once Fort-Lamy, is the capital and largest city of Chad.",
            "What is the capital and largest city of Chad?",
            "N'Djamena",
        ),
        ("The capital of Chad is N'Djamena.", "What is the capital of Chad?", "N'Djamena"),
        (
            "The Nile (Arabic: an-Nil) is the longest river in Africa, and its source is debated.",
            "What is the longest river in Africa?",
            "The Nile",
        ),
        (
            "George Washington was the first president of the United States.",
            "Who was the first president of the United States?",
            "George Washington",
        ),
        ("Barça is the football club of Barcelona.", "Name the football club of Barcelona.", "Barça"),
    ],
)
def test_roles(sentence: str, question: str, answer: str) -> None:
    assert (question, answer) in asked("Elsewhere", sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "It is the capital of Chad.",
        "Kinshasa is the largest city in Africa, after Lagos.",
        "Kinshasa is the largest city in Africa that speaks French.",
        "The Orange is the border of Namibia and South Africa.",
        "Titus was the son of Vespasian.",
        "Nixon was the president of the United States.",
        "However Paris is the capital of France.",
        "Rome is the capital of Rome.",
        "Los Angeles is the largest city in the U.S. state of California.",
    ],
)
def test_roles_that_may_be_wrong_are_not_asked(sentence: str) -> None:
    assert asked("Elsewhere", sentence) == []


def test_definitions_are_of_the_subject_and_never_of_people() -> None:
    lake = ("What is Lake Chad?", "a freshwater lake in central Africa")
    assert lake in asked("Lake Chad", "Lake Chad is a freshwater lake in central Africa, which shrinks. It is old.")
    river = ("What is the Nile?", "a river that flows north")
    assert river in asked("Nile", "The Nile is a river that flows north. Its source is debated.")
    assert not any(q.startswith("What") for q, _ in asked("Ada Roe", "Ada Roe was a poet of the north. She wrote."))
    assert not any(q.startswith("What") for q, _ in asked("Ada Roe", "Ada Roe was a poet of the north."))


def test_definitions_are_not_cut_short() -> None:
    text = "A gate house is a house with a gate, a door and a wall. It is old. Gate house is a town in the U.S. state."
    assert not any(q.startswith("What") for q, _ in asked("Gate house", text))


def test_the_limit_holds() -> None:
    text = " ".join(f"Kano{letter} is the capital of Land{letter}." for letter in "abcdefg")
    assert len(facts(passage("Lands", text), 3)) == 3
    assert facts(passage("Lands", text), 0) == []


def test_sentences_survive_abbreviations() -> None:
    assert sentences("Dr. Roe met J. S. Bach. They spoke of St. Paul!\nNext") == [
        "Dr. Roe met J. S. Bach.",
        "They spoke of St. Paul!",
        "Next",
    ]


def test_main_names() -> None:
    assert main_name("Mercury (planet)") == "Mercury"
    assert main_name("(Untitled)") == "(Untitled)"


@given(st.text(max_size=30), st.text(max_size=200))
def test_never_fails_and_no_question_holds_its_answer(title: str, text: str) -> None:
    for question, answer in asked(title, text):
        assert answer and answer.casefold() not in question.casefold()
