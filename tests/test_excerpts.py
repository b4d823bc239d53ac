import pytest
from hypothesis import given
from hypothesis import strategies as st

from cem_toolkit.excerpts import nearest, says, sentences, showing, telling_sentence
from cem_toolkit.records import Hit, Passage

CHAD = (
    "Chad is a landlocked country in Africa. It borders Libya and Sudan. Its lake shrinks. "
    "N'Djamena, on the river Chari, is the capital. The anthem is La Tchadienne."
)
QUESTION = "What is the capital of Chad?"
TOWNS = ("Abuja", "Khartoum", "Lagos", "N'Djamena")


def test_the_nearest_sentences_are_shown_whole() -> None:
    assert nearest(CHAD, QUESTION, TOWNS, 60) == "N'Djamena, on the river Chari, is the capital."
    assert nearest(CHAD, QUESTION, TOWNS, 10_000) == CHAD


def test_a_text_about_something_else_gives_its_beginning() -> None:
    assert nearest("One sun rose. Two moons set.", "Quid?", (), 15) == "One sun rose."


@given(st.permutations(TOWNS), st.integers(20, 200))
def test_what_is_shown_does_not_depend_on_the_order_of_the_choices(choices: list[str], characters: int) -> None:
    shown = nearest(CHAD, QUESTION, choices, characters)
    assert shown == nearest(CHAD, QUESTION, TOWNS, characters)
    assert len(shown) <= characters


def test_wrong_choices_draw_as_much_as_the_right_one() -> None:
    text = "A town is Lagos. A town is Abuja."
    assert nearest(text, QUESTION, ("Abuja", "Lagos"), 18) == "A town is Lagos."  # equals: the first
    assert nearest(text, QUESTION, ("Abuja", "Mali"), 18) == "A town is Abuja."


def test_one_long_sentence_is_cut_at_a_word() -> None:
    assert nearest("capital " * 50, QUESTION, (), 30) == "capital capital capital…"


def test_scripts_without_spaces() -> None:
    text = "乍得是非洲国家。首都是恩贾梅纳。湖在缩小。"
    assert sentences(text) == ["乍得是非洲国家。", "首都是恩贾梅纳。", "湖在缩小。"]
    assert nearest(text, "首都在哪里?", ("恩贾梅纳",), 10) == "首都是恩贾梅纳。"
    assert telling_sentence(text, "乍得的首都是哪里?", "恩贾梅纳") == "首都是恩贾梅纳。"


def test_the_telling_sentence_holds_the_answer_and_most_of_the_question() -> None:
    text = "Lagos is big. The capital of Chad is not Lagos! Lagos has a lagoon."
    assert telling_sentence(text, QUESTION, "lagos") == "The capital of Chad is not Lagos!"
    assert telling_sentence(text, QUESTION, "Lag") == ""
    assert telling_sentence(text, QUESTION, "") == ""


@pytest.mark.parametrize(("answer", "stands"), [("la tchadienne", True), ("Tchad", False), ("…", False)])
def test_answers_stand_as_whole_words(answer: str, stands: bool) -> None:
    assert says(CHAD, answer) is stands


def test_an_answer_is_shown_by_the_title_or_text_of_what_was_found_for_its_mistake() -> None:
    def found(title: str, text: str, *mistakes: str) -> Passage:
        hits = tuple(Hit(mistake_id=each, query="", score=1.0) for each in mistakes)
        return Passage.make(title=title, text=text, source="s", licence="", hits=hits)

    passages = [found("N'Djamena", "It is a capital.", "m", "n"), found("Chad", "Its lake is Lake Chad.", "o")]
    answers = {"m": "n'djamena", "n": "Lagos", "o": "N'Djamena", "p": ""}
    assert showing(passages, answers) == {"m"}
    assert showing(passages, {"o": "lake chad", "m": "pita"}) == {"o"}
