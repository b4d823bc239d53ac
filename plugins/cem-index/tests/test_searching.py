"""What is found, and in which order."""

import random
from typing import Any

import pytest

from cem_index import Document

LAKES = (
    Document(title="Lake Chad", text="A lake in Africa.", url="https://x/1", revision="7", licence="CC0"),
    Document(title="Chad", text="A landlocked country of Africa; its capital is N'Djamena.", names=("Tchad",)),
    Document(title="N'Djamena", text="The capital and largest city of Chad."),
    Document(title="Republic of Chad", target="Chad"),
    Document(title="AIDS", text="A disease."),
    Document(title="Aids", text="A French commune."),
)


def test_the_page_that_is_meant_comes_first(shelf: Any) -> None:
    index = shelf.of(*LAKES)
    meant = {
        "chad": "Chad",
        "TCHAD": "Chad",
        "Republic of Chad": "Chad",
        "republic  of chad!": "Chad",
        "largest capital": "N'Djamena",
        "What is the largest city?": "N'Djamena",
        "African lakes": "Lake Chad",
        "AIDS": "AIDS",
        "Aids": "Aids",
    }
    assert {query: index.read(index.search(query, 3)[:1]).popitem()[1].title for query in meant} == meant


def test_documents_come_back_as_they_were_given(shelf: Any) -> None:
    odd = Document(title="\ud800 odd", text="a\x00b \u202e \ud801 \U0001f600", names=("\udfff",), url="u", revision="r")
    index = shelf.of(*LAKES, odd)
    kept = [each for each in (*LAKES, odd) if not each.target]
    assert len(index) == len(kept) == 6
    assert list(index.documents()) == kept
    assert index.read([3, 0, 99, -1]) == {3: kept[3], 0: kept[0]}
    assert list(index.read([3, 0])) == [3, 0]


def test_a_query_is_words_and_never_syntax(shelf: Any) -> None:
    index = shelf.of(*LAKES)
    for query in ("", "?!", "the of", "title:Chad^9 AND -x", '"', "words:[* TO *]", "\ud800", "a" * 10**6, "*", "\x00"):
        assert isinstance(index.search(query, 5), list)
    assert index.search("title:Chad AND NOT (lake*", 5) == index.search("title chad not lake", 5)
    assert index.search("the", 5) == index.search("zzyzx", 5) == index.search("chad", 0) == []


def test_redirects_lead_on_and_never_in_circles(shelf: Any) -> None:
    index = shelf.of(
        Document(title="Before", target="End"),
        Document(title="End", text="here"),
        Document(title="Twice", target="Before"),
        Document(title="Round", target="About"),
        Document(title="About", target="Round"),
        Document(title="Self", target="self"),
        Document(title="Nowhere", target="Missing"),
        *(Document(title=f"Far {number}", target=f"Far {number + 1}") for number in range(100)),
    )
    assert index.search("before", 5) == index.search("twice", 5) == index.search("End", 5) == [0]
    for name in ("round", "about", "self", "nowhere", "far 1"):
        assert index.search(name, 5) == []
    assert list(index.documents()) == [Document(title="End", text="here")]


def test_ties_are_by_number(shelf: Any) -> None:
    same = [Document(title=f"t{number}", text="alike") for number in range(500)]
    assert shelf.of(*same).search("alike", 7) == list(range(7))


@pytest.mark.parametrize(
    ("language", "text", "query"),
    [
        ("fr", "Les capitales de l'Égypte", "capitale egypte"),
        ("ru", "Столицы мира", "столица"),
        ("hi", "हिन्दी एक भाषा है", "हिन्दी"),
        ("en", "Cafe\u0301 society", "cafés"),
        ("fi", "Järvien maa", "jarvi"),
        ("xx", "Unknown tongue", "TONGUE"),
    ],
)
def test_languages(shelf: Any, language: str, text: str, query: str) -> None:
    index = shelf.of(Document(title="other", text="nothing"), Document(title="it", text=text), language=language)
    assert index.search(query, 5) == [1]


def test_samples_are_drawn_by_the_seed(shelf: Any, documents: Any) -> None:
    index = shelf.open(documents(300))
    drawn = index.sample(20, 1)
    assert len(set(drawn)) == len(index.read(drawn)) == 20
    assert drawn == index.sample(20, 1) != index.sample(20, 2)
    assert sorted(index.sample(10**6, 0)) == list(range(len(index)))


def test_scores_are_those_of_the_formula(shelf: Any) -> None:
    """BM25 with k1 1.2 and b 0.75, whose order is worked out by bm25s."""
    import bm25s

    rng = random.Random(0)  # noqa: S311
    texts = [[f"w{int(rng.paretovariate(0.7)) % 60}" for _ in range(rng.randint(5, 35))] for _ in range(300)]
    reference = bm25s.BM25(k1=1.2, b=0.75, method="lucene")
    titled = [[f"t{number}"] * 3 + text for number, text in enumerate(texts)]
    reference.index(titled, show_progress=False)
    index = shelf.of(*(Document(title=f"t{number}", text=" ".join(text)) for number, text in enumerate(texts)))
    for query in (["w3"], ["w5", "w7", "w11"], ["w2", "w2", "w30"]):
        scores = reference.get_scores(query)
        found = index.search(" ".join(query), 10)
        assert [round(float(scores[number]), 1) for number in found] == [
            round(float(score), 1) for score in sorted(scores, reverse=True)[:10]
        ]
