from dataclasses import replace

import pytest

from cem_toolkit.ranking import best_passages, shuffled
from cem_toolkit.records import Hit, Mistake, Passage


def test_shuffles_are_the_seeds() -> None:
    ids = [str(n) for n in range(20)]
    assert shuffled(ids, 0, "x") == shuffled(ids[::-1], 0, "x") != shuffled(ids, 1, "x")
    assert shuffled(ids, 0, "x") != shuffled(ids, 0, "y")


def mistake(name: str) -> Mistake:
    return Mistake(id=name, attempt_id=name, task="", kind="knowledge", question="", queries=())


def passage(name: str, *hits: tuple[str, float, bool | None]) -> Passage:
    found = tuple(Hit(mistake_id=about, query="", score=score, flips=flips) for about, score, flips in hits)
    return Passage(id=name, text="", title="", source="s", licence="", hits=found)


def test_sources_take_turns_by_their_weights() -> None:
    def found(source: str, weight: float) -> list[Passage]:
        made = [passage(f"{source}{rank}", ("m", -rank, None)) for rank in range(3)]
        return [replace(each, source=source, weight=weight) for each in made]

    def order(*passages: Passage) -> list[str]:
        return [each.id for each in best_passages(passages, [mistake("m")], 6)["m"]]

    assert order(*found("a", 1), *found("b", 1)) == ["a0", "b0", "a1", "b1", "a2", "b2"]
    assert order(*found("a", 1), *found("b", 2)) == ["b0", "a0", "b1", "b2", "a1", "a2"]


@pytest.mark.parametrize(("flipping_first", "expected"), [(False, ["b", "a", "c"]), (True, ["a", "c", "b"])])
def test_of_several_hits_the_scores_add_up_and_the_first_test_counts(flipping_first: bool, expected: list[str]) -> None:
    passages = [
        passage("a", ("m", 1.0, None), ("m", 2.0, True), ("n", 9.0, None), ("m", 0.5, False)),
        passage("b", ("m", 3.0, False), ("m", 1.0, True)),
        passage("c", ("m", 3.0, None), ("unknown", 9.0, True)),
    ]
    best = best_passages(passages, [mistake("m"), mistake("n"), mistake("o")], 3, flipping_first)
    assert {key: [each.id for each in found] for key, found in best.items()} == {"m": expected, "n": ["a"], "o": []}
