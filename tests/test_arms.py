"""Control arms: the same tokens, one thing missing."""

import dataclasses

import pytest

from cem_toolkit.arms import arm_names, kept_rows, put_in_place, with_tokens
from cem_toolkit.config import Config
from cem_toolkit.records import Hit, Passage, Row, RowKind


def row(kind: RowKind, tokens: int, weight: float = 1.0, text: str = "") -> Row:
    made = Row.make(kind=kind, prompt="", completion=f"{kind} {tokens} {text}", parents=("p",), weight=weight)
    return dataclasses.replace(made, tokens=tokens)


ROWS = [row("passage", 300), row("normative", 40), row("extractive", 200), row("review", 20), row("general", 40, 0.5)]


def tokens(rows: list[Row]) -> float:
    return sum(one.tokens * one.weight for one in rows)


@pytest.mark.parametrize(
    ("arm", "kinds"),
    [
        ("instructions", {"normative", "review", "general"}),
        ("passages", {"passage"}),
        ("review", {"review", "general"}),
    ],
)
def test_an_arm_keeps_its_kinds_and_as_many_tokens(arm: str, kinds: set[str]) -> None:
    kept = kept_rows(arm, ROWS)
    assert {one.kind for one in kept} == kinds
    assert tokens(kept) == pytest.approx(tokens(ROWS))


def test_tokens_are_matched_kind_by_kind() -> None:
    random = [row("passage", 150, text="a"), row("passage", 50, text="b"), row("review", 20)]
    matched = with_tokens(random, [row("passage", 300), row("review", 60)])
    assert tokens([one for one in matched if one.kind == "passage"]) == pytest.approx(300)
    assert tokens([one for one in matched if one.kind == "review"]) == pytest.approx(60)


def test_an_arm_of_nothing_is_empty() -> None:
    assert kept_rows("passages", [row("review", 20)]) == []


def passage(title: str, *mistakes: str) -> Passage:
    hits = tuple(Hit(mistake_id=each, query="q", score=1.0, flips=True) for each in mistakes)
    return Passage.make(text=f"About {title}.", title=title, source="s", licence="CC0", hits=hits)


def test_random_passages_stand_in_for_retrieved_ones_and_are_none_of_them() -> None:
    found = [passage("one", "m1", "m2"), passage("two", "m2")]
    stand_ins = put_in_place([passage("two"), passage("hill"), passage("lake"), passage("moor")], found)
    assert [one.title for one in stand_ins] == ["hill", "lake"]
    assert [[hit.mistake_id for hit in one.hits] for one in stand_ins] == [["m1", "m2"], ["m2"]]
    assert all(hit.flips is None for one in stand_ins for hit in one.hits), "they were never read"


def test_repeats_follow_the_arms_that_were_asked_for() -> None:
    config = Config.model_validate({"model": "m", "tasks": ["t"], "arms": ["random", "random"], "seeds": 3})
    assert arm_names(config) == ["random", "seed-1", "seed-2"]
