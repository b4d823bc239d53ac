"""Makes the whole question set, and writes it as JSON lines."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from cem_embedded.factbook.data import Country, load_countries
from cem_embedded.factbook.draw import draw
from cem_embedded.factbook.facts import Relation, World
from cem_embedded.factbook.files import write_whole
from cem_embedded.factbook.relations import RELATIONS


def make_questions(seed: int = 0, names: Collection[str] | None = None) -> list[dict[str, Any]]:
    """Make every question from the installed Factbook, grouped by country.

    Args:
        seed: decides which answer, which distractors and which order a question gets; the facts stay the same.
        names: of the relations to ask about; None for all. A question does not depend on what else is asked.

    Raises:
        ValueError: a Factbook file cannot be read.
    """
    relations = [relation for relation in RELATIONS if names is None or relation.name in names]
    return questions_of(load_countries(), relations, seed)


def questions_of(countries: Sequence[Country], relations: Sequence[Relation], seed: int) -> list[dict[str, Any]]:
    """Make the questions of these relations about these countries, by country and then by relation."""
    world = World(countries)
    made: dict[tuple[str, str], dict[str, Any]] = {}
    for relation in relations:
        facts = {country: fact for country in countries if (fact := relation.make(country, world))}
        pools: dict[str, list[str]] = {}
        for country, fact in facts.items():
            pools.setdefault(country.region, []).extend(fact.lent)
        for country, fact in facts.items():
            row = draw(relation, country, fact, pools, seed)
            if row is not None:
                made[country.name, relation.name] = row
    return [
        made[country.name, relation.name]
        for country in countries
        for relation in relations
        if (country.name, relation.name) in made
    ]


def write_questions(path: Path, seed: int = 0, names: Collection[str] | None = None) -> Path:
    """Write the questions as JSON lines: beside the path first, then renamed over it.

    Raises:
        ValueError: a Factbook file cannot be read.
        OSError: the file cannot be written.
    """
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in make_questions(seed, names)]
    return write_whole(path, "".join(lines))
