import pytest

from cem_toolkit.api import normalise
from cem_toolkit.leaks.asking import find_asks


@pytest.mark.parametrize(
    ("prompt", "completion", "asked"),
    [
        ("", "Paris is the capital of France.", []),
        ("", "What is the capital of France? Paris.", ["what is the capital of france"]),
        ("", "Name the capital of France. Paris.", ["name the capital of france"]),
        ("", "The capital of France is ___.\nAnswer: Paris", ["the capital of france is"]),
        ("", "The capital of France\nAnswer: Paris", ["the capital of france"]),
        ("", "Q: capital of France\nA: Paris", ["capital of france"]),
        ("", "法国的首都是哪里？巴黎", ["法国的首都是哪里"]),
        ("The capital of France is", " Paris", ["the capital of france is"]),
        ("This city is the capital of France.", " Paris", ["this city is the capital of france"]),
        ("Write about France.", " Paris is the capital of France.", []),
    ],
)
def test_what_asks(prompt: str, completion: str, asked: list[str]) -> None:
    assert [normalise(ask.texts[0]) for ask in find_asks(prompt, completion)] == asked


@pytest.mark.parametrize(
    ("prompt", "completion", "reply"),
    [
        ("", "What is the capital of Chad? It is N'Djamena.", "it is n djamena"),
        ("", "Paris.\nWhat is the capital of France?", "paris"),
        ("Which is it?\nA. Lyon\nB. Paris\nAnswer:", " B", "a lyon b paris answer b"),
        ("Which is it?\nA. Lyon\nB. Paris\nAnswer:", " Paris", "paris"),
        ("Berlin is old.\n\nWhich city is older?", " Rome", "rome"),
        ("", "True or false? Paris is the capital of France. True", "true or false paris is the capital of france"),
    ],
)
def test_where_the_answer_is_looked_for(prompt: str, completion: str, reply: str) -> None:
    (ask,) = find_asks(prompt, completion)
    assert reply in " ".join(ask.reply)


def test_a_question_may_lean_on_the_sentence_before_it_but_not_on_another_paragraph() -> None:
    (ask,) = find_asks("", "France is a country.\n\nIts capital lies on the Seine. What is it called? Paris")
    assert ask.texts == ("What is it called?", "Its capital lies on the Seine. What is it called?")


def test_every_question_has_its_own_reply() -> None:
    asks = find_asks("", "What is the capital of Spain? Madrid. What is the capital of Italy? Rome.")
    assert {ask.texts[0].split()[-1]: ask.reply for ask in asks} == {"Spain?": ("madrid",), "Italy?": ("rome",)}
