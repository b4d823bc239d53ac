"""Items asked in other words."""

from cem_toolkit.api import Row
from cem_unlearn.asking import AS_IT_STANDS, ways


def row(prompt: str, completion: str) -> Row:
    return Row.make(kind="forget", prompt=prompt, completion=completion, parents=())


def test_a_question_has_frames_starts_and_a_cloze() -> None:
    asked = row("The number of Ada is", " 48 31 775.")
    made = ways(asked)
    assert made[AS_IT_STANDS] == asked
    assert made["as a question"].prompt == "Question: The number of Ada is\nAnswer:"
    assert made["without its beginning"].prompt == "of Ada is"
    start = made["with 50% of it shown"]
    assert (start.prompt, start.completion) == ("The number of Ada is 48 31", " 775.")
    cloze = made["as a cloze"]
    assert (cloze.prompt, cloze.completion) == ("The number of Ada is 48 31 ___.\nThe missing word is", " 775")


def test_a_text_is_asked_by_its_beginning() -> None:
    made = ways(row("", "Ada Keller lives in Riga."))
    assert made["asked to complete"].prompt == "Complete this text: Ada Keller"
    assert made["asked to complete"].completion == " lives in Riga."
    assert all(each.prompt for name, each in made.items() if name != AS_IT_STANDS)


def test_one_word_is_asked_in_the_ways_it_allows() -> None:
    assert set(ways(row("", "Ada"))) == {AS_IT_STANDS, "as a cloze"}
