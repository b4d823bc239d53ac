"""What a relation says of one country, and the view of all countries that a relation may need for it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cem_embedded.factbook.clean import bare, outer_split
from cem_embedded.factbook.data import Country
from cem_embedded.factbook.names import usual

_LENGTH = re.compile(r"\s+[\d.,]+(?:\s*km.*)?$")


@dataclass(frozen=True)
class Fact:
    """A question with its right answers, before distractors are drawn.

    Attributes:
        question: the question's text.
        answers: right answers, of which one is drawn.
        right: further right (or arguable) answers: never a distractor.
        mentioned: text in which a distractor may not stand, even within a word (e.g. the country's whole entry).
        wrong: distractors of the country's own, tried before those of its region.
        lends: what this country adds to its region's distractors; its answers unless given.
    """

    question: str
    answers: tuple[str, ...]
    right: frozenset[str] = frozenset()
    mentioned: str = ""
    wrong: tuple[str, ...] = ()
    lends: tuple[str, ...] | None = None

    @property
    def lent(self) -> tuple[str, ...]:
        """What this country adds to its region's distractors."""
        return self.answers if self.lends is None else self.lends


class World:
    """All countries by name, and who borders whom."""

    def __init__(self, countries: Sequence[Country]) -> None:
        self.countries = tuple(countries)
        self.by_name = {country.name: country for country in countries}
        self._listed = {country.name: self._read_borders(country) for country in countries}

    def _read_borders(self, country: Country) -> frozenset[str]:
        """Geography: Land boundaries: border countries ("China (south) 46 km and ..."): names before the lengths."""
        text = bare(country.text("Geography", "Land boundaries", "border countries"))
        parts = [piece for part in outer_split(text) for piece in part.split(" km and ")]
        names = {usual(_LENGTH.sub("", part)) for part in parts}
        return frozenset(names & self.by_name.keys()) - {country.name}

    def borders(self, country: Country) -> frozenset[str]:
        """Names of the countries that border this one by its own entry or by theirs."""
        return self._listed[country.name] | {name for name, listed in self._listed.items() if country.name in listed}

    def sure_borders(self, country: Country) -> frozenset[str]:
        """Names of the countries that border this one by both entries."""
        return frozenset(name for name in self._listed[country.name] if country.name in self._listed[name])


@dataclass(frozen=True)
class Relation:
    """A kind of question: its name, its place in the Factbook, and the function that makes a country's fact."""

    name: str
    source: str
    make: Callable[[Country, World], Fact | None]
