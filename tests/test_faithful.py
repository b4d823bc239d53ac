"""Rewrites that say what their passage does not are found out, and others are left alone."""

from typing import Any

import pytest

from cem_toolkit.faithful import keep_faithful, unfaithful
from cem_toolkit.records import Passage, Rewrite

TOGO = Passage.make(
    text="Togo is a country in West Africa. It borders Ghana to the west. It gained independence from France in 1960, "
    "and its capital Lomé has a port that the people of the north use.",
    title="Togo (country)",
    source="wiki",
    licence="CC0",
    hits=(),
)


def said(text: str, question: str = "", **more: Any) -> Rewrite:
    kind = "question" if question else "restatement"
    return Rewrite.make(**{"passage_id": TOGO.id, "kind": kind, "text": text, "question": question, **more})


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Togo borders Ghana to the west.", ""),
        ("Togo's capital is Lomé.", ""),
        ("In 1960 Togo gained independence from France.", ""),
        ("The capital of Togo is Lomé, a port.", ""),
        ("independent since 1960", "What is known of Togo's independence?"),
        ("Lomé", "Fill in the blank: Togo's capital ___ has a port."),
        ("Togo", "Which country in West Africa gained independence from France in 1960?"),
        ("France", "Question: from whom did Togo gain independence?"),
        ("GHANA", "What does TOGO border?"),
    ],
)
def test_what_the_passage_says_is_kept(text: str, question: str) -> None:
    assert unfaithful(said(text, question), TOGO) == ""


@pytest.mark.parametrize(
    ("text", "question", "why"),
    [
        ("Togo borders Benin.", "", "names 'Benin'"),
        ("Togo gained independence in 1961.", "", "says '1961'"),
        ("Benin borders Ghana.", "", "names 'Benin'"),
        ("Lomé", "What is the capital of Benin?", "names 'Benin'"),
        ("Accra", "What is the capital of Togo?", "names 'Accra'"),
        ("Togo does not border Ghana.", "", "says 'not'"),
        ("Togo never gained independence.", "", "says 'never'"),
        (
            "Togo exports cotton, coffee and phosphates to its many wealthy neighbours.",
            "",
            "is about other things: coffee, cotton, exports",
        ),
    ],
)
def test_what_it_does_not_say_is_named(text: str, question: str, why: str) -> None:
    assert unfaithful(said(text, question), TOGO) == why


def of(text: str, title: str = "Kara") -> Passage:
    return Passage.make(text=text, title=title, source="s", licence="CC0", hits=())


@pytest.mark.parametrize(
    ("source", "text", "why"),
    [
        ("The lake never freezes.", "Never does the lake freeze.", ""),
        ("The lake doesn't freeze.", "The lake does not freeze.", ""),
        ("Kara is not only a city but a port.", "Kara is a city and a port.", ""),
        ("Kara borders Bo. It does not reach the sea.", "Kara borders Bo.", ""),
        ("Kara borders Bo. It does not border the sea.", "Kara borders Bo.", ""),
        ("Kara, which is not old, is the capital of Bo.", "The capital of Bo is Kara.", ""),
        ("Kara borders Bo. Kara never borders the sea.", "Kara never borders the sea.", ""),
        ("Kara lies on a river. Ships need not sail on.", "Kara lies on a river, where ships need not sail on.", ""),
        ("The lake never freezes.", "The lake freezes.", "affirms 'freez'"),
        ("Kara has no harbour.", "Kara has a harbour.", "affirms 'harbo'"),
        ("Kara isn't old.", "Kara is old.", "affirms 'old'"),
        ("Kara is old.", "Kara isn't old.", "says 'not'"),
        ("Kara lies on a river. It has no harbour.", "Kara lies on no river.", "denies 'river'"),
    ],
)
def test_denials_are_the_passage_s_own_sentence_by_sentence(source: str, text: str, why: str) -> None:
    kara = of(source)
    assert unfaithful(said(text, passage_id=kara.id), kara) == why


def test_a_title_that_denies_denies_nothing_of_the_page() -> None:
    film = of("It is a film of 2007.", "No Country for Old Men")
    assert unfaithful(said("No Country for Old Men is a film of 2007.", passage_id=film.id), film) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Kara has 1500 wells in two valleys.", ""),
        ("Kara has 1,500 wells in 2 valleys.", ""),
        ("Kara has 501 wells.", "says '501'"),
        ("Kara has 5.1 million people.", "says '5.1'"),
        ("Kara has 1.5 billion people.", "says 'billion'"),
        ("Kara has wells in three valleys.", "says '3'"),
        ("Kara has wells of the 1500s.", "names '1500s'"),
    ],
)
def test_numbers_are_compared_whole(text: str, why: str) -> None:
    kara = of("Kara has 1,500 wells in two valleys, 5 of them old, and 1.5 million people, 1 in 500 of them rich.")
    assert unfaithful(said(text, passage_id=kara.id), kara) == why


@pytest.mark.parametrize(
    ("text", "question", "why"),
    [
        ("Togo", "What is the largest country in West Africa?", "says 'largest'"),
        ("Togo was first to gain independence from France in 1960.", "", "says 'first'"),
        ("Togo borders Ghana to the west.", "", ""),
    ],
)
def test_no_extremes_are_made_up(text: str, question: str, why: str) -> None:
    assert unfaithful(said(text, question), TOGO) == why


def test_an_answer_says_nothing_new_at_all() -> None:
    asked = "What do the people of the north of Togo use the port of the capital Lomé for?"
    assert unfaithful(said("cotton", asked), TOGO) == "answers 'cotton'"


def test_few_new_words_are_allowed() -> None:
    assert unfaithful(said("Togo, a small country in West Africa, borders Ghana."), TOGO) == ""


def test_text_without_spaces() -> None:
    river = Passage.make(text="长江是亚洲第一长河。", title="长江", source="s", licence="CC0", hits=())
    assert unfaithful(said("亚洲第一长河是长江。", passage_id=river.id), river) == ""
    assert unfaithful(said("尼罗河流经埃及和苏丹等国家。", passage_id=river.id), river).startswith(
        "is about other things"
    )


def test_the_unfaithful_are_dropped_with_their_reason_and_the_rest_is_kept_once() -> None:
    good, again = said("Togo borders Ghana."), said("Togo borders Ghana.", kind="summary")
    bad, empty = said("Togo borders Benin."), said(" \n", "What does Togo border?")
    kept, dropped = keep_faithful([good, bad, again, bad, empty], [TOGO])
    assert kept == [good]
    assert [(drop.id, drop.stage, drop.reason, drop.detail) for drop in dropped] == [
        (bad.id, "rewrite", "not what the passage says", "names 'Benin'"),
        (empty.id, "rewrite", "not what the passage says", "is empty"),
    ]


def test_every_rewrite_is_held_to_its_own_passage() -> None:
    benin = Passage.make(text="Benin borders Togo.", title="Benin", source="wiki", licence="CC0", hits=())
    kept, _ = keep_faithful(
        [said("Benin borders Togo.", passage_id=benin.id), said("Benin borders Togo.")], [benin, TOGO]
    )
    assert [rewrite.passage_id for rewrite in kept] == [benin.id]


def test_a_rewrite_of_two_passages_is_held_to_both() -> None:
    benin = of("Benin lies on the Gulf of Guinea, and has 112 districts.", "Benin")
    desert = of("The desert has no water.", "Desert")
    told = "Togo borders Ghana. Benin has 112 districts."
    both, alone = said(told, linked_id=benin.id), said(told)
    new = said("Togo borders Ghana. Benin has 113 districts.", linked_id=benin.id)
    denied = said("Togo borders Ghana. The desert has water.", linked_id=desert.id)
    kept, dropped = keep_faithful([both, alone, new, denied], [TOGO, benin, desert])
    assert kept == [both]
    assert [(drop.id, drop.detail) for drop in dropped] == [
        (alone.id, "names 'Benin'"),
        (new.id, "says '113'"),
        (denied.id, "affirms 'water'"),
    ]
