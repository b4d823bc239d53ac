from cem_toolkit.api import Mistake, Passage, Row
from cem_toolkit.builtin.telling import Told, in_order, telling
from cem_toolkit.records import RowKind

QUESTION = "What is the highest point of Togo?"
CHOICES = ("Mont Agou", "Mount Nimba", "Lomé")


def told(said: str, given: str = "") -> Told:
    return Told.of(Row.make(kind="passage", prompt=given, completion=said, parents=()), given, said)


def score(said: str, given: str = "") -> int:
    return telling(QUESTION, CHOICES)(told(said, given))


def test_what_stands_before_a_choice_tells() -> None:
    assert score("Togo: Elevation, highest point: Mont Agou 986 m.") == 3
    assert score("Togo has a mountain, Mont Agou.") == 1


def test_words_of_another_sentence_before_it_tell_too() -> None:
    assert score("Togo has hills. The highest point of the hills is Mont Agou.") == 3


def test_what_stands_after_it_does_not() -> None:
    assert score("Mont Agou is the highest point of Togo.") == 0


def test_what_is_said_again_was_given_away_before() -> None:
    assert score("Mont Agou is the highest point of Togo, which is why Mont Agou is loved.") == 0


def test_all_choices_count_alike() -> None:
    assert score("The highest point in Togo: Mount Nimba.") == score("The highest point in Togo: Mont Agou.") == 3


def test_a_choice_that_is_only_given_is_not_told() -> None:
    given = "The highest point of Togo is Mont Agou, in ___"
    assert score("Plateaux", given) == 0
    assert score("Mont Agou", "The highest point of Togo is ___") == 3


def test_a_choice_is_a_whole_word() -> None:
    assert score("Togo's highest point: Mont Agouda.") == 0


def test_the_words_of_the_choice_itself_are_not_the_questions() -> None:
    ask = telling("Is Mont Agou in Togo or Ghana?", ("Togo", "Ghana"))
    assert ask(told("The Republic of Togo: Togo")) == 0


def test_no_choices_tell_nothing() -> None:
    assert telling(QUESTION, ())(told("Togo: highest point: Mont Agou")) == 0


MISTAKE = Mistake(id="m", attempt_id="a", task="t", kind="knowledge", question=QUESTION, choices=CHOICES, queries=())
P, Q = (Passage.make(source="s", title=name, text=name, licence="", hits=()) for name in ("P", "Q"))


def test_the_rows_that_tell_most_come_first_the_shortest_before_others() -> None:
    long = told("Togo: Elevation, the highest point of all: Mont Agou.")
    short = told("Togo: highest point: Mont Agou.")
    weak, silent = told("Togo: Lomé."), told("Mont Agou is a mountain.")
    rows: dict[RowKind, dict[str, list[Told]]] = {"passage": {P.id: [silent, weak, long, short]}}
    best, others = in_order(rows, [P], MISTAKE, ())
    assert best == {"passage": [short.row, long.row]}
    assert others == {"passage": [weak.row, silent.row]}


def test_a_kind_of_rows_that_tell_less_than_another_kinds_is_among_the_others() -> None:
    statement, question = told("Togo: highest point: Mont Agou."), told("Lomé", "A city of Togo is ___")
    rows: dict[RowKind, dict[str, list[Told]]] = {"passage": {P.id: [statement]}, "normative": {P.id: [question]}}
    best, others = in_order(rows, [P], MISTAKE, ())
    assert best == {"passage": [statement.row], "normative": []}
    assert others == {"passage": [], "normative": [question.row]}


def test_what_gave_the_right_answer_comes_before_what_did_not() -> None:
    sure, also = told("Togo, highest of the hills there: Mont Agou."), told("Togo: highest point: Mount Nimba.")
    less, other = told("Togo: Lomé."), told("A river.")
    rows: dict[RowKind, dict[str, list[Told]]] = {"passage": {P.id: [less, sure], Q.id: [other, also]}}
    best, others = in_order(rows, [Q, P], MISTAKE, {("m", P.id)})
    assert best == {"passage": [sure.row, also.row]}
    assert others == {"passage": [less.row, other.row]}


def test_where_nothing_tells_passages_take_turns() -> None:
    a, b, c = told("A lake."), told("A hill."), told("A river.")
    rows: dict[RowKind, dict[str, list[Told]]] = {"passage": {P.id: [a, b], Q.id: [c]}}
    best, others = in_order(rows, [P, Q], MISTAKE, ())
    assert best == {"passage": []} and others == {"passage": [a.row, c.row, b.row]}
