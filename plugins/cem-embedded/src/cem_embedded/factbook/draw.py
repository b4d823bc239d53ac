"""Draws an answer and three distractors for a fact."""

import hashlib
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cem_embedded.factbook.clean import alike, fold, mentions
from cem_embedded.factbook.data import Country
from cem_embedded.factbook.facts import Fact, Relation
from cem_embedded.factbook.names import NEIGHBOURS

CHOICES = 4
LICENCE = "public domain"


def generator(seed: int, relation: str, country: str) -> random.Random:
    """Return the question's own generator: adding a relation or a country changes no other question's draws."""
    digest = hashlib.sha256(f"{seed}|{relation}|{country}".encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))  # noqa: S311 - draws, no secrets


def draw(
    relation: Relation, country: Country, fact: Fact, pools: Mapping[str, Sequence[str]], seed: int
) -> dict[str, Any] | None:
    """Make the question's row, or None where no clean answer or too few clean distractors are left.

    Distractors come from the fact's own list, then from the country's region, then region by region from its
    neighbours; a later source is used only when the earlier ones are too small.

    Args:
        pools: region -> everything that facts of this relation lend there.
    """
    rng = generator(seed, relation.name, country.name)
    answers = sorted(answer for answer in fact.answers if not mentions(fact.question, answer))
    if not answers:
        return None
    chosen = [rng.choice(answers)]
    barred = fact.right | set(fact.answers)
    sources = [fact.wrong, *(pools.get(region, ()) for region in (country.region, *NEIGHBOURS[country.region]))]
    for source in sources:
        for candidate in _shuffled(source, rng):
            if len(chosen) == CHOICES:
                break
            if _clean(candidate, fact, barred) and not any(alike(candidate, other) for other in chosen):
                chosen.append(candidate)
    if len(chosen) < CHOICES:
        return None
    answer = chosen[0]
    rng.shuffle(chosen)
    return {
        "question": fact.question,
        "choices": chosen,
        "answer": chosen.index(answer),
        "group": country.name,
        "relation": relation.name,
        "source": f"CIA World Factbook, {relation.source}",
        "licence": LICENCE,
    }


def _shuffled(source: Iterable[str], rng: random.Random) -> list[str]:
    names = sorted(set(source))
    rng.shuffle(names)
    return names


def _clean(candidate: str, fact: Fact, barred: Iterable[str]) -> bool:
    return (
        not mentions(fact.question, candidate)
        and fold(candidate) not in fold(fact.mentioned)
        and not any(alike(candidate, right) for right in barred)
    )
