"""Pages cut into pieces: which sentences are kept for a mistake, and what they say of themselves."""

import dataclasses
import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cem_toolkit.config import PiecesConfig
from cem_toolkit.pieces import cut_passages, cut_text, cut_whole
from cem_toolkit.records import Hit, Mistake, Passage

CHAD = (
    "Chad is a landlocked country in Africa. It borders Libya and Sudan. Its lake shrinks. "
    "N'Djamena, on the river Chari, is the capital. The anthem is La Tchadienne."
)
TOWNS = ("Abuja", "Khartoum", "Lagos", "N'Djamena")


def mistake(name: str, question: str, choices: Sequence[str] = ()) -> Mistake:
    return Mistake(
        id=f"m-{name}",
        attempt_id=name,
        task="quiz",
        kind="knowledge",
        question=question,
        choices=tuple(choices),
        queries=("q",),
    )


CAPITAL = mistake("capital", "What is the capital of Chad?", TOWNS)
BORDER = mistake("border", "Which country does Chad border?", ("Libya", "Ghana"))


def page(text: str, *found_for: Mistake, title: str = "Chad", source: str = "wiki", score: float = 1.0) -> Passage:
    hits = tuple(Hit(mistake_id=each.id, query=f"{each.id} query", score=score) for each in found_for)
    where = {"url": f"https://example.org/{title}", "revision": "7", "licence": "CC BY-SA 4.0"}
    return Passage.make(text=text, title=title, source=source, hits=hits, **where)


def cut(passages: Sequence[Passage], *mistakes: Mistake, sentences: int = 1, per_mistake: int = 4) -> list[Passage]:
    return cut_passages(passages, mistakes, PiecesConfig(sentences=sentences, per_mistake=per_mistake))


def texts_for(mistake: Mistake, pieces: Sequence[Passage]) -> list[str]:
    """Best first."""
    scored = [(-hit.score, piece.text) for piece in pieces for hit in piece.hits if hit.mistake_id == mistake.id]
    return [text for _, text in sorted(scored, key=lambda each: each[0])]


def test_the_sentence_with_the_words_of_question_and_choices_comes_first() -> None:
    pieces = cut([page(CHAD, CAPITAL, BORDER)], CAPITAL, BORDER)
    assert texts_for(CAPITAL, pieces)[0] == "N'Djamena, on the river Chari, is the capital."
    assert texts_for(BORDER, pieces)[0] == "It borders Libya and Sudan."


def test_words_are_compared_by_their_beginnings() -> None:
    asked = mistake("asked", "What do the borders touch?")
    pieces = cut([page("It is dry. Long ago the bordering lake shrank.", asked)], asked, per_mistake=1)
    assert texts_for(asked, pieces) == ["Long ago the bordering lake shrank."]


def test_a_choice_counts_more_than_a_word_of_the_question() -> None:
    asked = mistake("asked", "What is the largest town?", ("Abuja", "Moundou"))
    pieces = cut([page("Some towns are larger. The largest is unknown. Moundou lies there.", asked)], asked)
    assert texts_for(asked, pieces)[0] == "Moundou lies there."


def test_one_rare_word_counts_more_than_two_common_ones() -> None:
    asked = mistake("asked", "Which dry land grows cotton?")
    text = " ".join(f"Dry land is {word}." for word in ("old", "wide", "far", "low", "bare")) + " Cotton is white."
    assert texts_for(asked, cut([page(text, asked)], asked))[0] == "Cotton is white."


@pytest.mark.parametrize("choices", list(itertools.permutations(TOWNS[1:])))
def test_the_order_of_the_choices_changes_nothing(choices: tuple[str, ...]) -> None:
    text = f"{CHAD} Lagos is a port. Khartoum lies on the Nile."
    assert cut([page(text, CAPITAL)], dataclasses.replace(CAPITAL, choices=(*choices, TOWNS[0]))) == cut(
        [page(text, CAPITAL)], CAPITAL
    )


def test_any_choice_makes_its_sentence_one_of_the_first() -> None:
    text = " ".join(f"{town} is somewhere." for town in TOWNS) + " " + "It rains there. " * 9
    assert set(texts_for(CAPITAL, cut([page(text, CAPITAL, title="")], CAPITAL))) == {
        f"{town} is somewhere." for town in TOWNS
    }


def test_what_is_kept_for_one_mistake_does_not_depend_on_others() -> None:
    pages = [page(CHAD, CAPITAL, BORDER), page("Lagos is a port. Libya is dry.", BORDER, title="Other")]
    alone = {each.id: cut(pages, each, per_mistake=2) for each in (CAPITAL, BORDER)}
    for order in ((CAPITAL, BORDER), (BORDER, CAPITAL)):
        together = cut(pages, *order, per_mistake=2)
        for one in order:
            own = {piece.id: [h for h in piece.hits if h.mistake_id == one.id] for piece in together}
            assert {key: hits for key, hits in own.items() if hits} == {
                piece.id: list(piece.hits) for piece in alone[one.id]
            }


def test_pages_found_for_other_mistakes_are_not_cut_for_this_one() -> None:
    pieces = cut([page(CHAD, BORDER)], CAPITAL, BORDER)
    assert {hit.mistake_id for piece in pieces for hit in piece.hits} == {BORDER.id}


def test_a_piece_is_text_of_its_page_and_says_where_it_is_from() -> None:
    pieces = cut([page(CHAD, CAPITAL)], CAPITAL)
    assert len(pieces) == 4
    for piece in pieces:
        assert piece.text in CHAD
        assert (piece.title, piece.source, piece.url) == ("Chad", "wiki", "https://example.org/Chad")
        assert (piece.revision, piece.licence) == ("7", "CC BY-SA 4.0")
        assert [hit.query for hit in piece.hits] == ["m-capital query"]
        assert piece == Passage.make(
            **{name: getattr(piece, name) for name in piece.__dataclass_fields__ if name != "id"}
        )


def test_the_query_that_found_the_page_best_stands_in_the_hit() -> None:
    found = page(CHAD)
    hits = tuple(Hit(mistake_id=CAPITAL.id, query=f"query {score}", score=score) for score in (1.0, 9.0, 3.0))
    pieces = cut([dataclasses.replace(found, hits=hits)], CAPITAL)
    assert {hit.query for piece in pieces for hit in piece.hits} == {"query 9.0"}


def test_a_piece_for_two_mistakes_is_one_passage_with_the_hits_of_both() -> None:
    pieces = cut([page("Chad has a capital and a border.", CAPITAL, BORDER)], CAPITAL, BORDER)
    (piece,) = pieces
    assert [hit.mistake_id for hit in piece.hits] == [CAPITAL.id, BORDER.id]


@pytest.mark.parametrize("most", [1, 2, 3, 9])
def test_no_more_pieces_are_kept_than_asked_for(most: int) -> None:
    assert len(cut([page(CHAD, CAPITAL), page("More of it.", CAPITAL)], CAPITAL, per_mistake=most)) == min(most, 6)


def test_what_a_page_says_twice_is_kept_once_and_takes_no_other_s_place() -> None:
    pieces = cut([page("The capital is N'Djamena. " * 3 + "It is hot.", CAPITAL)], CAPITAL, per_mistake=2)
    assert [piece.text for piece in pieces] == ["The capital is N'Djamena.", "It is hot."]
    assert all(len(piece.hits) == 1 for piece in pieces)
    often = page("Nothing. It is hot. " + "Nothing. " * 60, CAPITAL)
    assert texts_for(CAPITAL, cut([often], CAPITAL)) == ["Nothing.", "It is hot."], "the first counts"


def test_of_equal_sentences_those_of_the_better_page_and_the_earlier_come_first() -> None:
    pages = [
        page("Nothing there. Nothing here.", CAPITAL, title="low", score=0.1),
        page("Nothing else. Nothing more.", CAPITAL, title="high"),
    ]
    assert texts_for(CAPITAL, cut(pages, CAPITAL)) == [
        *("Nothing else.", "Nothing more.", "Nothing there.", "Nothing here.")
    ]


@pytest.mark.parametrize(("between", "first"), [(0, "Moundou is a large city."), (40, "Moundou is large.")])
def test_the_further_down_the_more_must_be_shared(between: int, first: str) -> None:
    asked = mistake("asked", "Which city is it?", ("Moundou", "Abuja"))
    said = ["Moundou is large.", *(f"Filler {n} stands there." for n in range(between)), "Moundou is a large city."]
    on_one_page = [page(" ".join(said), asked)]
    on_many = [page(text, asked, score=-rank, title=f"Page {rank}") for rank, text in enumerate(said)]
    assert texts_for(asked, cut(on_one_page, asked))[0] == first
    assert texts_for(asked, cut(on_many, asked))[0] == first


def test_a_piece_of_several_sentences_and_the_rest() -> None:
    assert cut_text("One. Two. Three. Four. Five.", 2) == ["One. Two.", "Three. Four.", "Five."]
    assert len(cut([page(CHAD, CAPITAL)], CAPITAL, sentences=3)) == 2


def test_without_cutting_passages_stay_as_they_are() -> None:
    pages = [page(CHAD, CAPITAL, BORDER), page("Never found.", title="x")]
    assert cut(pages, CAPITAL, sentences=0) == cut_whole(pages, PiecesConfig(sentences=0)) == pages


def test_text_without_spaces_is_cut_and_compared_too() -> None:
    text = "乍得是非洲的一个内陆国家。它的首都是恩贾梅纳。乍得湖正在缩小。"
    asked = mistake("asked", "乍得的首都是哪里？", ("恩贾梅纳", "阿布贾"))
    pieces = cut([page(text, asked, title="乍得")], asked, per_mistake=1)
    assert [piece.text for piece in pieces] == ["它的首都是恩贾梅纳。"]
    assert all(piece in text for piece in cut_text(text, 2))


def test_random_pages_give_all_their_pieces_each_once() -> None:
    pages = [page("A hill. It is high. A hill.", title="Hill"), page("A moor.", title="Moor")]
    pieces = cut_whole(pages, PiecesConfig())
    assert [(piece.title, piece.text, piece.hits) for piece in pieces] == [
        ("Hill", "A hill.", ()),
        ("Hill", "It is high.", ()),
        ("Moor", "A moor.", ()),
    ]


@given(st.text(max_size=200), st.text(max_size=40), st.lists(st.text(max_size=20), max_size=4), st.integers(1, 3))
def test_never_fails_and_depends_on_no_order_of_the_choices(
    text: str, question: str, choices: list[str], sentences: int
) -> None:
    asked = mistake("asked", question, choices)
    turned = dataclasses.replace(asked, choices=asked.choices[::-1])
    pieces = cut([page(text, asked)], asked, sentences=sentences)
    assert pieces == cut([page(text, asked)], turned, sentences=sentences)
    assert len(pieces) <= 4
