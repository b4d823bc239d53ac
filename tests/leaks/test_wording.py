import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.leaks.helpers import attempt

from cem_toolkit.api import Passage, Row, question_id
from cem_toolkit.leaks import Drop, LeakGuard, tokens

LONG = "In the second century the Roman Empire ruled all the land around its internal sea, which was"
SHORT = "What is the capital of Chad?"
TINY = "Largest planet?"


def passage(text: str, title: str = "Title") -> Passage:
    return Passage.make(text=text, title=title, source="s", licence="x", hits=())


def row(prompt: str, completion: str, own: tuple[str, ...] = ()) -> Row:
    return Row.make(kind="normative", prompt=prompt, completion=completion, parents=(), own_pairs=own)


def reasons(guard: LeakGuard, text: str) -> list[str]:
    return [leak.reason for leak in guard.find(text)]


@pytest.mark.parametrize(
    ("question", "gold", "text", "found"),
    [
        (LONG, "the Mediterranean", f"Quiz 7. {LONG} … Answer: The Mediterranean.", ["13-gram"]),
        (
            LONG,
            "the Mediterranean",
            "Roman Empire ruled all the land around its internal sea, which was THE Mediterranean",
            ["13-gram"],
        ),
        (LONG, "the Mediterranean", f"{LONG} a mystery to many", []),
        (LONG, "the Mediterranean", "The Mediterranean was an internal sea of the Roman Empire.", []),
        (SHORT, "N'Djamena", "Q: what is   the CAPITAL of Chad -- A: N'Djamena", ["whole question"]),
        (SHORT, "N'Djamena", "N'Djamena. What is the capital of Chad?", ["whole question"]),
        (SHORT, "N'Djamena", "N'Djamena is the capital of Chad.", []),
        (SHORT, "N'Djamena", "What is the capital of Chad? Not Abuja.", []),
        (TINY, "Jupiter", "Largest planet? Jupiter!", ["question beside answer"]),
        (TINY, "Jupiter", "Jupiter, largest planet of all", ["question beside answer"]),
        (TINY, "Jupiter", "The largest planet is Jupiter", []),
        ("Is the Nile longer than the Rhine?", "Yes", "Yes, the Nile is long. So is the Rhine.", []),
        ("Is the Nile longer than the Rhine?", "Yes", "Is the Nile longer than the Rhine? Yes.", ["whole question"]),
        (
            "The ____ is the deepest ocean of the world",
            "Pacific",
            "The Pacific is the deepest ocean of the world.",
            ["whole question"],
        ),
        (
            "中国第一条自行设计的铁路干线是_____",
            "京张铁路",
            "近代史上,中国第一条自行设计的铁路干线是京张铁路。",
            ["13-gram"],
        ),
        ("中国第一条自行设计的铁路干线是_____", "京张铁路", "京张铁路是一条铁路。", []),
        ("What is 2 + 2 to you, my friend?", "+", "What is 2 + 2 to you, my friend?", ["whole question"]),
        ("???", "Jupiter", "??? Jupiter", []),
        ("", "", "", []),
    ],
)
def test_a_leak_is_a_question_with_its_answer(question: str, gold: str, text: str, found: list[str]) -> None:
    assert reasons(LeakGuard([attempt(question, gold)]), text) == found


def test_a_long_answer_alone_is_no_leak() -> None:
    answer = "a treaty by which all parties agreed to end the war and to return every town that they had taken"
    guard = LeakGuard([attempt("What was the Peace of Nowhere?", answer)])
    assert reasons(guard, f"It was {answer}.") == []
    assert reasons(guard, f"What was the Peace of Nowhere? It was {answer}.") == ["whole question"]


def test_leaks_name_question_and_ngram() -> None:
    guard = LeakGuard([attempt(SHORT, "N'Djamena"), attempt(LONG, "the Mediterranean")])
    leaks = guard.find(f"{LONG} the Mediterranean. {SHORT} N'Djamena")
    assert [leak.question_id for leak in leaks] == [question_id(LONG), question_id(SHORT)]
    assert leaks[0].ngram == " ".join(tokens(LONG)[:13])
    assert leaks[1].ngram == "what is the capital of chad"


def test_answers_of_all_attempts_at_a_question_count() -> None:
    guard = LeakGuard([attempt(SHORT, "N'Djamena"), attempt(SHORT, "Fort-Lamy")])
    assert len(guard.find(f"{SHORT} Fort-Lamy")) == 1


def test_passages_are_screened_with_their_titles() -> None:
    clean, leaking = passage("N'Djamena is the capital of Chad."), passage("It is N'Djamena.", title=SHORT)
    kept, drops = LeakGuard([attempt(SHORT, "N'Djamena")]).screen_passages([clean, leaking])
    assert kept == [clean]
    assert [(drop.id, drop.stage, drop.question_id) for drop in drops] == [(leaking.id, "retrieve", question_id(SHORT))]


def test_rows_may_hold_the_pairs_they_name_and_no_others() -> None:
    guard = LeakGuard([attempt(SHORT, "N'Djamena"), attempt(TINY, "Jupiter")])
    named = row(f"Question: {SHORT}\nAnswer:", " N'Djamena", (question_id(SHORT),))
    unnamed = row(f"Question: {SHORT}\nAnswer:", " N'Djamena")
    other = row(f"{TINY} Jupiter. {SHORT}", " N'Djamena", (question_id(SHORT),))
    kept, drops = guard.screen_rows([named, unnamed, other])
    assert kept == [named]
    assert [(drop.id, drop.question_id) for drop in drops] == [
        (unnamed.id, question_id(SHORT)),
        (other.id, question_id(TINY)),
    ]


def test_drops_are_read_back() -> None:
    text = f"{SHORT} N'Djamena. {TINY} Jupiter"
    _, drops = LeakGuard([attempt(SHORT, "N'Djamena"), attempt(TINY, "Jupiter")]).screen_passages([passage(text)])
    assert [Drop.from_json(json.loads(json.dumps(drop.to_json()))) for drop in drops] == drops
    assert "1 more question" in drops[0].detail


def test_other_lengths_of_ngram() -> None:
    guard = LeakGuard([attempt(LONG, "the Mediterranean")], n=8)
    assert reasons(guard, "the Roman Empire ruled all the land around the Mediterranean") == ["8-gram"]
    with pytest.raises(ValueError, match="more than 5"):
        LeakGuard([], n=5)


def test_many_questions_and_a_long_text_that_shares_their_words() -> None:
    many = LeakGuard(
        attempt(f"What is the capital of the land of {number} kings?", f"City {number}") for number in range(20_000)
    )
    text = "The land of many kings has a capital. " * 2_000
    assert many.find(text) == []


@given(st.lists(st.tuples(st.text(), st.text()), max_size=4), st.text())
def test_never_fails(pairs: list[tuple[str, str]], text: str) -> None:
    guard = LeakGuard(attempt(question, gold) for question, gold in pairs)
    guard.find(text)
    for question, gold in pairs:
        found = {leak.question_id for leak in guard.find(f"{text} {question} {gold} {text}")}
        asked = tokens(question)
        if len(asked) >= 5 or (asked and tokens(gold)):
            assert question_id(question) in found
