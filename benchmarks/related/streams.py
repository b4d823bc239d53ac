"""The World Factbook as streams of rounds: which field a text is from, section by section; which section it is from, as
unevenly as sections come; and sentences to learn."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any, TypeVar

from cem_embedded.factbook.data import load_countries
from cem_toolkit.api import Row

Labelled = tuple[str, str]
"""A text and its label."""
T = TypeVar("T")
LONGEST = 110
"""Characters of a text."""
LETTERS = 0.6
"""Share of a text's characters that are letters, at least: a bare number could be of any field."""
HELD_OUT = 4
"""Every so manieth country is for tests."""

FIELDS: tuple[Mapping[str, str], ...] = (
    {"Terrain": "Terrain", "Natural resources": "Resources", "Location": "Place"},
    {"Ethnic groups": "People", "Religions": "Faith", "Languages, Languages": "Language"},
    {"Legal system": "Law", "National holiday": "Holiday", "Executive branch, chief of state": "President"},
    {"Agricultural products": "Agriculture", "Exports - commodities": "Exports", "Industries": "Industry"},
)
"""Of four sections three fields each, with a word for each. No two words begin with the same token of the small model,
so that one pass tells which of them it prefers."""
SECTIONS = {
    "Government": "Government",
    "Geography": "Geography",
    "Economy": "Economy",
    "People and Society": "People",
    "Environment": "Environment",
    "Energy": "Power",
    "Transportation": "Transport",
    "Space": "Space",
}
"""With a word for each, too; from the one with most texts, some nine thousand, down to two hundred."""
REGIONS = (
    ("europe", "central-asia"),
    ("africa", "middle-east"),
    (
        "south-asia",
        "east-n-southeast-asia",
        "australia-oceania",
        "north-america",
        "central-america-n-caribbean",
        "south-america",
    ),
)
"""The rounds of the uneven stream."""


@cache
def told() -> tuple[tuple[str, bool, str, str, str], ...]:
    """Region, whether the country is for tests, section, field and text. What two sections tell alike is left out."""
    found = []
    for number, country in enumerate(load_countries()):
        places = defaultdict(set)
        for section in SECTIONS:
            for path in _paths(country.record.get(section, {})):
                text = country.text(section, *path).strip(" .")[:LONGEST]
                places[text].add((section, ", ".join(path) or section))
        for text, named in places.items():
            letters = sum(map(str.isalpha, text))
            if len({section for section, _ in named}) == 1 and len(text) >= 8 and letters >= LETTERS * len(text):
                found.append((country.region, number % HELD_OUT == 0, *min(named), text))
    return tuple(found)


def _paths(record: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """To all that has a text."""
    for key, value in record.items():
        if key == "text":
            yield path
        elif isinstance(value, Mapping):
            yield from _paths(value, (*path, key))


def fields_by_section(seed: int, each: int = 80, tests: int = 30) -> Iterator[tuple[list[Labelled], list[Labelled]]]:
    """Four rounds with three new labels each: texts to learn, `each` a label, and to test by."""
    for words in FIELDS:
        rounds: tuple[list[Labelled], list[Labelled]] = ([], [])
        for name, word in words.items():
            for for_tests, count in ((False, each), (True, tests)):
                texts = [text for _, test, _, field, text in told() if field == name and test == for_tests]
                rounds[for_tests].extend((text, word) for text in _some(texts, count, seed))
        yield rounds


def sections_by_region(seed: int, each: int = 640, tests: int = 25) -> Iterator[tuple[list[Labelled], list[Labelled]]]:
    """Three rounds: texts to learn as they come in these regions, and to test by, `tests` of each section or all, of
    any region."""
    for regions in REGIONS:
        texts = [(text, SECTIONS[part]) for region, test, part, _, text in told() if not test and region in regions]
        yield _some(texts, each, seed), _balanced(tests)


def sentences(seed: int, count: int = 1200, tests: int = 300) -> tuple[list[str], list[str]]:
    """Sentences to learn, and of other countries to test by: "Terrain: mostly mountains."."""
    for_training, for_tests = (
        [f"{field}: {text}." for _, test, _, field, text in told() if test == wanted] for wanted in (False, True)
    )
    return _some(for_training, count, seed), _some(for_tests, tests, 0)


def ask(found: Sequence[Labelled], name: str) -> list[Row]:
    """As instructions, whose completions are labels."""
    return [
        Row.make(kind="normative", prompt=f"{text}.\n{name}:", completion=f" {label}", parents=(str(number),))
        for number, (text, label) in enumerate(found)
    ]


def _balanced(most: int) -> list[Labelled]:
    found = []
    for section, word in SECTIONS.items():
        found += [(text, word) for text in _some([t for _, test, s, _, t in told() if test and s == section], most, 0)]
    return found


def _some(found: Sequence[T], count: int, seed: int) -> list[T]:
    return Random(seed).sample(found, min(count, len(found)))  # noqa: S311
