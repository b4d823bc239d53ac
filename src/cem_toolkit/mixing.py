"""Several sources' passages together: the paper's "Mix". Each text once, and each source by its weight."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from cem_toolkit.denials import NEGATIONS
from cem_toolkit.excerpts import content_words
from cem_toolkit.leaks import tokens
from cem_toolkit.records import Hit, Passage, normalise

ALIKE = 0.8
"""Share of the words of two texts that both have, from which on they say the same."""
TELLING = 6
"""Words with a topic from which on a sentence is not said by chance of two subjects."""


def mix_sources(passages: Iterable[Passage], weights: Mapping[str, float]) -> list[Passage]:
    """`passages` with the weights of their sources, each text once: what several sources have counts as the first's,
    with the hits of all for the mistakes that it was not found for."""
    mixed: dict[str, Passage] = {}
    for passage in passages:
        key = normalise(f"{passage.title}\n{passage.text}")
        if first := mixed.get(key):
            mixed[key] = replace(first, hits=_together(first, passage))
        else:
            mixed[key] = replace(passage, weight=weights.get(passage.source, 1.0))
    return list(mixed.values())


def _together(first: Passage, second: Passage) -> tuple[Hit, ...]:
    found = {hit.mistake_id for hit in first.hits}
    return (*first.hits, *(hit for hit in second.hits if hit.mistake_id not in found))


def repeats(passage: Passage, other: Passage) -> bool:
    """Whether two sources' passages say the same, as where a web page has copied Wikipedia.

    Their words must be nearly the same (`ALIKE`), and their numbers and negations all; a short text must be about the
    same as well, by its title: "It is the smallest of them." is said of many things.
    """
    if passage.source == other.source:
        return False
    words, others = set(tokens(passage.text)), set(tokens(other.text))
    if len(words & others) < ALIKE * len(words | others):
        return False
    if any(word in NEGATIONS or any(map(str.isdigit, word)) for word in words ^ others):
        return False
    about = content_words(passage.title) & content_words(other.title)
    return bool(about) or len(content_words(passage.text)) >= TELLING
