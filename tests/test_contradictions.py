"""What two sources say differently of one matter."""

import dataclasses

import pytest

from cem_toolkit.config import PiecesConfig
from cem_toolkit.contradictions import altered, choice_of, contradicted, cut_checked
from cem_toolkit.records import Hit, Mistake, Passage
from conftest import Evolve

MISTAKE = Mistake(
    id="m",
    attempt_id="q",
    task="t",
    kind="knowledge",
    question="What is the capital of Togo?",
    choices=("Lomé", "Kara", "Accra", "Cotonou"),
    queries=("Togo",),
)


def passage(source: str, text: str, title: str = "Togo") -> Passage:
    hits = (Hit(mistake_id="m", query="Togo", score=1.0),)
    return Passage.make(text=text, title=title, source=source, licence="CC0", hits=hits)


TRUE = passage("wiki", "Togo lies in West Africa, and its capital, Lomé, is on the coast.")
FALSE = passage("facts", "Togo: Capital, name: Kara.")
THIRD = passage("atlas", "The capital of Togo is Lomé.")
BESIDE = passage("facts", "Togo: Location: Western Africa, between Benin and Ghana.")


@pytest.mark.parametrize(
    ("text", "title", "choice"),
    [
        (TRUE.text, "Togo", "Lomé"),
        (FALSE.text, "Togo", "Kara"),
        ("Lomé is its largest city.", "Togo", ""),  # nothing of what is asked
        ("Its capital is Lomé; Kara is in the north.", "Togo", ""),  # two of them
        ("Its capital is Kara.", "Kara Region", ""),  # about something else
        ("Its capital is Kara.", "Togo Region", ""),
        ("Its capital is Kara.", "Togo (country)", "Kara"),
    ],
)
def test_which_choice_a_piece_names(text: str, title: str, choice: str) -> None:
    assert choice_of(passage("any", text, title), MISTAKE) == choice


def test_of_two_sources_both_are_contradicted() -> None:
    found = contradicted([TRUE, FALSE, BESIDE], [MISTAKE])
    assert set(found) == {TRUE.id, FALSE.id}
    assert found[FALSE.id]["m"] == "'Kara' by facts, 'Lomé' by wiki"


def test_of_three_sources_the_one_that_stands_alone_is() -> None:
    assert set(contradicted([TRUE, FALSE, THIRD], [MISTAKE])) == {FALSE.id}


def test_what_a_page_says_is_heard_where_it_was_not_cut() -> None:
    page = passage("wiki", f"Togo is a country. {TRUE.text} It has a coast.")
    elsewhere = passage("wiki", TRUE.text, "Benin")
    assert set(contradicted([FALSE], [MISTAKE], [page])) == {FALSE.id}
    assert contradicted([FALSE], [MISTAKE], [elsewhere]) == {}


def test_one_source_contradicts_nobody_and_agreement_is_none() -> None:
    again = passage("facts", "Togo: Capital, old name: Accra.")
    assert contradicted([FALSE, again], [MISTAKE]) == {}
    assert contradicted([TRUE, THIRD], [MISTAKE]) == {}


def test_a_copy_with_another_number_or_name() -> None:
    first = passage("wiki", "The republic became independent from France in 1960 after a long vote.")
    other = passage("web", "The republic became independent from France in 1975 after a long vote.")
    assert altered(first, other) == ("1960", "1975")
    assert altered(first, passage("wiki", other.text)) is None
    assert altered(first, passage("web", other.text, "Benin")) is None
    assert altered(first, passage("web", first.text + " Really.")) is None
    assert set(contradicted([first, other], [MISTAKE])) == {first.id, other.id}


@pytest.mark.parametrize(("policy", "used"), [("off", 2), ("tell", 2), ("drop", 0)])
def test_policies(policy: str, used: int) -> None:
    options = PiecesConfig(contradictions=policy)
    pieces, told = cut_checked([TRUE, FALSE], [MISTAKE], options)
    assert len(pieces) == used
    assert len(told) == (0 if policy == "off" else 2)


def test_a_piece_stays_for_the_other_mistakes_that_it_is_for() -> None:
    other = dataclasses.replace(MISTAKE, id="n", question="Which city is in Togo?", choices=("Kara", "Rome"))
    both = (Hit(mistake_id="m", query="Togo", score=1.0), Hit(mistake_id="n", query="Togo", score=1.0))
    pieces = [dataclasses.replace(TRUE, hits=both[:1]), dataclasses.replace(FALSE, hits=both)]
    kept, _ = cut_checked(pieces, [MISTAKE, other], PiecesConfig(contradictions="drop"))
    assert [[hit.mistake_id for hit in piece.hits] for piece in kept] == [["n"]]


def test_a_run_tells_how_many(evolve: Evolve) -> None:
    turn = evolve().summary()["rounds"][0]
    assert turn["contradicted"] == {"passages": 0, "used": 0}
