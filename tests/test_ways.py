import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builtin.helpers import CAPITALS, attempt

from cem_toolkit.api import Attempt
from cem_toolkit.ways import as_task, other_ways

QUESTION = "What is the capital of Chad?"
LETTERED = attempt(prompt=f"{QUESTION}\nA. Abuja\nB. Khartoum\nC. Lagos\nD. N'Djamena\nAnswer:", completion=" D")


def letters_of(prompt: str) -> dict[str, str]:
    """What stands behind each letter of a lettered prompt."""
    return {line[3:]: line[0] for line in prompt.splitlines() if line[1:3] == ". "}


@pytest.mark.parametrize(
    ("completion", "written"),
    [
        (" N'Djamena", (" Abuja", " Khartoum", " Lagos", " N'Djamena")),
        ("\nN'Djamena", ("\nAbuja", "\nKhartoum", "\nLagos", "\nN'Djamena")),
        (" D", (" A", " B", " C", " D")),
        (" (d)", (" (a)", " (b)", " (c)", " (d)")),
        ("4", ("1", "2", "3", "4")),
        ("3", ("0", "1", "2", "3")),
    ],
)
def test_the_other_choices_are_written_as_the_right_one(completion: str, written: tuple[str, ...]) -> None:
    way = as_task(attempt(completion=completion))
    assert way and way.continuations == written


@pytest.mark.parametrize("completion", [" B", " was built there.", " The answer is N'Djamena", ""])
def test_what_cannot_be_told_is_not_guessed(completion: str) -> None:
    assert as_task(attempt(completion=completion)) is None
    assert other_ways(attempt(completion=completion), 2, 0) == []


def test_free_text_has_no_ways() -> None:
    assert as_task(attempt(choices=())) is None


@given(st.integers(0, 99))
def test_lettered_choices_move_and_their_letters_with_them(seed: int) -> None:
    ways = other_ways(LETTERED, 9, seed)
    assert len(ways) == 3
    for way in ways:
        shown = letters_of(way.prompt)
        assert way.continuations == tuple(f" {shown[choice]}" for choice in CAPITALS)
    for index in range(4):  # no choice keeps its letter, so a liking for one cannot pass for an opinion
        assert len({way.continuations[index] for way in ways} | {f" {'ABCD'[index]}"}) == 4


def test_choices_that_speak_of_others_are_not_moved() -> None:
    choices = ("Abuja", "Lagos", "None of the above")
    prompt = f"{QUESTION}\nA. Abuja\nB. Lagos\nC. None of the above\nAnswer:"
    assert other_ways(attempt(choices=choices, gold="Lagos", prompt=prompt, completion=" B"), 2, 0) == []
    cloze = other_ways(attempt(choices=choices, gold="Lagos"), 9, 0)
    assert [way.prompt for way in cloze] == [f"Q: {QUESTION}\nA:", QUESTION]


def test_a_cloze_is_asked_in_other_words() -> None:
    first, second, third, *more = other_ways(attempt(), 9, 0)
    assert all(f"\n- {choice}" in first.prompt for choice in CAPITALS)
    assert (second.prompt, third.prompt) == (f"Q: {QUESTION}\nA:", QUESTION)
    assert len({way.prompt for way in more}) == 2
    assert second.continuations == tuple(f" {choice}" for choice in CAPITALS)


def test_the_tasks_own_prompt_is_no_other_way() -> None:
    ways = other_ways(attempt(prompt=f"Q: {QUESTION}\nA:"), 9, 0)
    assert f"Q: {QUESTION}\nA:" not in {way.prompt for way in ways}


def test_a_question_that_names_its_choices_is_left_whole() -> None:
    question = "Which is larger, Asia or Africa?"
    ways = other_ways(attempt(question, ("Asia", "Africa"), "Asia"), 9, 0)
    assert all(question in way.prompt for way in ways)


def test_bare_letters_say_nothing_in_another_prompt() -> None:
    assert other_ways(attempt(choices=("A", "B"), gold="A", prompt="See above.", question="See above."), 2, 0) == []


def test_the_ways_do_not_depend_on_which_choice_is_right() -> None:
    def prompts(gold: str, label: str) -> list[tuple[str, tuple[str, ...]]]:
        other: Attempt = attempt(gold=gold, prompt=LETTERED.prompt, completion=label)
        return list(other_ways(other, 2, 5))

    assert prompts("N'Djamena", " D") == prompts("Abuja", " A")
