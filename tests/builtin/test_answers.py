"""Wrong choices: which answers they may be, and in which order they come."""

from random import Random

import pytest

from cem_toolkit.api import normalise
from cem_toolkit.builtin.answers import Answers


def plainly(answers: list[str], question: str, answer: str) -> list[str]:
    """The same by looking at all of them."""
    keys = {normalise(other): other for other in answers}
    given, asked = normalise(answer), normalise(question)
    return [other for key, other in keys.items() if key not in (given, "") and key not in asked]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the capital of Albania?", "Tirana"),
        ("What is the capital of Iran?", "the tehran!"),
        ("In which town of the U.S. is Rome?", "Unknown"),
        ("?", ""),
        ("", "Rome"),
    ],
)
def test_all_but_the_answer_and_what_the_question_says(question: str, answer: str) -> None:
    answers = ["Tirana", "Iran", "A", "Rome", "ROME", "!?", "The Tehran", "U.S.", "Albania", "Ban", "Oslo", "東京"]
    wrong = Answers(answers).wrong_for(question, answer)
    assert list(wrong) == plainly(answers, question, answer)
    assert len(wrong) == len(list(wrong))


def test_the_same_draw_as_from_a_list() -> None:
    random = Random(0)  # noqa: S311 (not for secrets)
    answers = ["".join(random.choices("abcd ", k=random.randint(1, 5))) for _ in range(300)]
    for seed in range(100):
        question, answer = "".join(random.choices("abcd ", k=8)), random.choice(answers)
        wrong = Answers(answers).wrong_for(question, answer)
        draws = [Random(seed).sample(given, 3) for given in (wrong, plainly(answers, question, answer))]  # noqa: S311
        assert draws[0] == draws[1]
