from hypothesis import given
from hypothesis import strategies as st

from cem_toolkit.builtin.blanks import BLANK, blanks


def test_each_name_is_left_out_once_the_subject_first() -> None:
    assert list(blanks("Oman borders Yemen and the United Arab Emirates.", "Oman (land)")) == [
        ("Fill in the blank: ___ borders Yemen and the United Arab Emirates.", "Oman"),
        ("Fill in the blank: Oman borders ___ and the United Arab Emirates.", "Yemen"),
        ("Fill in the blank: Oman borders Yemen and the ___.", "United Arab Emirates"),
    ]


def test_the_subject_is_left_out_everywhere() -> None:
    said = "Mercury is the smallest planet, and Mercury has neither moons nor rings nor air."
    assert list(blanks(said, "Mercury (planet)")) == [
        ("Fill in the blank: ___ is the smallest planet, and ___ has neither moons nor rings nor air.", "Mercury")
    ]


def test_other_names_that_stand_there_twice_are_not_left_out() -> None:
    assert [answer for _, answer in blanks("In 1960 France left Chad to itself, and France lost it.", "Chad")] == [
        "Chad",
        "1960",
    ]


def test_only_whole_words_are_left_out_and_what_is_left_tells_something() -> None:
    assert list(blanks("The Chadian people speak many old and new languages at home.", "Chad")) == []
    assert list(blanks("This is about Chad.", "Chad")) == []


def test_chinese() -> None:
    assert list(blanks("长江是亚洲第一长河和世界第三长河。", "长江")) == [("___是亚洲第一长河和世界第三长河。", "长江")]
    assert list(blanks("全长六千多公里。", "长江")) == []


@given(st.text(max_size=200), st.text(max_size=30))
def test_no_question_holds_its_answer(said: str, title: str) -> None:
    for question, answer in blanks(said, title):
        assert BLANK in question and answer in said and answer not in question.replace("Fill in the blank", "")
