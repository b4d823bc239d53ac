from collections.abc import Sequence

import pytest
from tests.leaks.helpers import attempt

from cem_toolkit.api import CemError, LeakGuard, Passage, Row, question_id
from cem_toolkit.leaks import SentenceEncoder

PAIRS = {
    "What is the capital of France?": "Paris",
    "What is the capital of Spain?": "Madrid",
    "What is the highest point of France?": "Mont Blanc",
    "Which of these is an official language of Niger?": "French",
    "Which of these is an official language of Singapore?": "English",
    "In which year did India become independent from the United Kingdom?": "1947",
    "In which year did Pakistan become independent from the United Kingdom?": "1947",
    "Which of these countries does not share a land border with Chad?": "Egypt",
    "Is 4 a prime number?": "No",
    "首次提出在中国发展资本主义的著作是_____": "《资政新篇》",
}
CAPITAL = "What is the capital of France?"


@pytest.fixture(scope="module")
def guard() -> LeakGuard:
    return LeakGuard(attempt(*pair) for pair in PAIRS.items())


def found(guard: LeakGuard, text: str, prompt: str = "") -> list[str]:
    leaks = guard.find(text, prompt)
    assert all(leak.reason == "near-paraphrase" and 0 < leak.score <= 1 for leak in leaks)
    return [question for question in PAIRS if question_id(question) in {leak.question_id for leak in leaks}]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Which city serves as the capital of France? Paris", CAPITAL),
        ("Of France, what is the capital? Paris.", CAPITAL),
        ("Fill in the blank: ___ is the capital of France.\nAnswer: Paris", CAPITAL),
        ("True or false? Paris is the capital of France. True", CAPITAL),
        ("What language has official status in Niger? French", "Which of these is an official language of Niger?"),
        (
            "When did India gain independence from the United Kingdom? In 1947.",
            "In which year did India become independent from the United Kingdom?",
        ),
        ("Would you call 4 a prime number? No", "Is 4 a prime number?"),
        (
            "下列文献中，最早提出在中国发展资本主义的是_____\n答案：《资政新篇》",
            "首次提出在中国发展资本主义的著作是_____",
        ),
    ],
)
def test_a_question_in_other_words_with_its_answer_is_a_leak(guard: LeakGuard, text: str, question: str) -> None:
    assert found(guard, text) == [question]


@pytest.mark.parametrize(
    "text",
    [
        "Paris is the capital of France.",
        "The French capital, Paris, lies on the Seine. What a city! Paris is old.",
        "Which city serves as the capital of France? Lyon",
        "Which city serves as the capital of Peru? Paris",
        "Which is the largest city of France? Paris",
        "Paris is the capital of which country? France",
        "Which official language has Nigeria? English or French",
        "Which of these countries shares a land border with Chad? Egypt",
        "Is 9 a prime number? No",
    ],
)
def test_facts_other_questions_and_other_answers_pass(guard: LeakGuard, text: str) -> None:
    assert found(guard, text) == []


def test_a_question_that_keeps_none_of_the_words_is_missed_without_an_encoder(guard: LeakGuard) -> None:
    assert found(guard, "From where is France governed? Paris") == []


def test_a_subject_with_the_same_answer_is_another_question(guard: LeakGuard) -> None:
    asked = "When did Pakistan gain independence from the United Kingdom? In 1947."
    assert found(guard, asked) == ["In which year did Pakistan become independent from the United Kingdom?"]


def test_an_answer_that_says_nothing_wants_closer_wording() -> None:
    guard = LeakGuard([attempt("Is the Nile the longest river of Africa?", "Yes")])
    assert not guard.find("Is the Nile, a river, blue? Yes")
    assert guard.find("Is it true that the longest river of Africa is the Nile? Yes")


def test_rows_are_dropped_with_score_and_matching_text(guard: LeakGuard) -> None:
    prompt = "A long text about Paris.\n\nQuestion: Which city serves as the capital of France?\nAnswer:"
    own = Row.make(
        kind="review", prompt=prompt, completion=" Paris", parents=("own",), own_pairs=(question_id(CAPITAL),)
    )
    other = Row.make(kind="normative", prompt=prompt, completion=" Paris", parents=("other",))
    kept, (drop,) = guard.screen_rows([own, other])
    assert kept == [own]
    assert (drop.id, drop.stage, drop.reason) == (other.id, "mix", "near-paraphrase")
    assert drop.question_id == question_id(CAPITAL)
    assert "Which city serves as the capital of France?" in drop.detail
    assert drop.detail[:2] in ("0.", "1.")


def test_passages_that_ask_and_answer_are_dropped(guard: LeakGuard) -> None:
    quiz = Passage.make(text="It is Paris.", title="Which town is France's capital?", source="s", licence="x", hits=())
    page = Passage.make(text="Paris is the capital of France.", title="Paris", source="s", licence="x", hits=())
    kept, drops = guard.screen_passages([quiz, page])
    assert kept == [page]
    assert [drop.reason for drop in drops] == ["near-paraphrase"]


def test_own_wording_counts_before_other_words(guard: LeakGuard) -> None:
    assert [leak.reason for leak in guard.find(f"{CAPITAL} Paris")] == ["whole question"]


def test_paraphrases_need_not_be_looked_for() -> None:
    guard = LeakGuard([attempt(CAPITAL, "Paris")], threshold=None)
    assert not guard.find("Which city serves as the capital of France? Paris")


class Parrot:
    """Takes all texts for alike that hold the word "parliament"."""

    threshold = 0.75

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def likeness(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        self.asked += pairs
        return [float("parliament" in text) for _, text in pairs]


def test_an_encoder_decides_what_words_leave_open_where_the_names_agree() -> None:
    encoder = Parrot()
    guard = LeakGuard([attempt(*pair) for pair in PAIRS.items()], encoder=encoder)
    (leak,) = guard.find("Where does the parliament of France sit? Paris")
    assert (leak.question_id, leak.reason, leak.score) == (question_id(CAPITAL), "near-paraphrase", 1.0)
    assert not guard.find("Where do most people of France live? Paris")
    assert not guard.find("Where does the parliament of Peru sit? Paris")
    assert {question for question, _ in encoder.asked} == {CAPITAL}


def test_an_encoder_that_is_not_there_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(CemError, match="sentence encoder"):
        SentenceEncoder("/no/such/folder")
