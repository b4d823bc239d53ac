"""Pieces of two sources that say different things of one matter. Which of them is true is not known here; that one of
them is wrong is, and a source that somebody has planted false facts in is read as readily as any other.

Two pieces for one mistake contradict each other where each tells of what is asked, and names another one of the
question's choices (all choices alike: the right one is not known); or where one is a copy of the other with other
numbers or names in it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cem_toolkit.config import PiecesConfig
from cem_toolkit.excerpts import content_words, says
from cem_toolkit.leaks import Drop, tokens
from cem_toolkit.mixing import ALIKE
from cem_toolkit.pieces import STEM, cut_passages
from cem_toolkit.records import Mistake, Passage

REASON = "contradicted by another source"
FEWEST = 4
"""Words besides numbers and names that two copies must have in common: fewer match by chance."""
_VALUE = re.compile(r"\b(?:[^\W\d_]*\d[\w.,]*|[^\W\d_a-z][\w'’-]*)")
"""Numbers, and words with a capital."""


def cut_checked(
    passages: Sequence[Passage], mistakes: Sequence[Mistake], config: PiecesConfig
) -> tuple[list[Passage], list[Drop]]:
    """`cut_passages`, and one entry for every piece that another source's contradicts. By `config.contradictions` those
    are told only, or not used for the mistake."""
    pieces = cut_passages(passages, mistakes, config)
    if config.contradictions == "off":
        return pieces, []
    found = contradicted(pieces, mistakes)
    drops = [
        Drop(id=piece, stage="cut", reason=REASON, detail="; ".join(said.values())) for piece, said in found.items()
    ]
    if config.contradictions == "tell":
        return pieces, drops
    kept = []
    for piece in pieces:
        hits = tuple(hit for hit in piece.hits if hit.mistake_id not in found.get(piece.id, ()))
        kept += [replace(piece, hits=hits)] if hits else []
    return kept, drops


def contradicted(pieces: Iterable[Passage], mistakes: Iterable[Mistake]) -> dict[str, dict[str, str]]:
    """By the piece's id, for which mistakes another source's piece says otherwise, and what each says.

    Where most sources agree on a choice, the pieces that name it are not meant: those that name another are.
    """
    of: defaultdict[str, list[Passage]] = defaultdict(list)
    for piece in pieces:
        for mistake_id in dict.fromkeys(hit.mistake_id for hit in piece.hits):
            of[mistake_id].append(piece)
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for mistake in mistakes:
        own = of[mistake.id]
        if len({piece.source for piece in own}) > 1:
            for piece_id, said in (_by_copies(own) | _by_choices(own, mistake)).items():
                found[piece_id][mistake.id] = said
    return dict(found)


def _by_choices(pieces: Sequence[Passage], mistake: Mistake) -> dict[str, str]:
    votes = {piece.id: choice for piece in pieces if (choice := choice_of(piece, mistake))}
    sources: dict[str, set[str]] = {}
    for piece in pieces:
        if piece.id in votes:
            sources.setdefault(votes[piece.id], set()).add(piece.source)
    if len(sources) < 2 or len(set.union(*sources.values())) < 2:
        return {}  # nothing is named, or one thing, or all of it by one source
    most = max(len(names) for names in sources.values())
    leading = [choice for choice, names in sources.items() if len(names) == most]
    believed = leading[0] if len(leading) == 1 else ""
    told = ", ".join(f"{choice!r} by {' and '.join(sorted(names))}" for choice, names in sorted(sources.items()))
    return {piece: told for piece, choice in votes.items() if choice != believed}


def choice_of(piece: Passage, mistake: Mistake) -> str:
    """The one choice that `piece` names where it tells of what is asked about its subject, or ""."""
    about, asked = content_words(piece.title), content_words(mistake.question)
    if not about & asked:
        return ""
    text = _stems(tokens(piece.text))
    if not _stems(asked - about) & text:
        return ""
    named = [choice for choice in mistake.choices if says(piece.text, choice)]
    return named[0] if len(named) == 1 and not says(f"{piece.title} {mistake.question}", named[0]) else ""


def _by_copies(pieces: Sequence[Passage]) -> dict[str, str]:
    found: dict[str, str] = {}
    for place, first in enumerate(pieces):
        for second in pieces[place + 1 :]:
            if differing := altered(first, second):
                told = f"{differing[0]!r} by {first.source}, {differing[1]!r} by {second.source}"
                found |= {first.id: told, second.id: told}
    return found


def altered(first: Passage, second: Passage) -> tuple[str, str] | None:
    """What each says in the other's place, where two sources' pieces about one subject are otherwise alike."""
    if first.source == second.source or content_words(first.title) != content_words(second.title):
        return None
    title = set(tokens(first.title))
    (plain, values), (others, other_values) = (_parted(piece.text, title) for piece in (first, second))
    if len(plain & others) < max(FEWEST, ALIKE * len(plain | others)):
        return None
    new, old = sorted(values - other_values), sorted(other_values - values)
    return (new[0], old[0]) if new and old else None


def _parted(text: str, title: set[str]) -> tuple[set[str], set[str]]:
    """The words of `text`, and its numbers and names, but for those of its title."""
    said = (match[0] for match in _VALUE.finditer(text) if not match[0][0].islower() or any(map(str.isdigit, match[0])))
    values = {word for each in said for word in tokens(each)} - title
    return set(tokens(text)) - values - title, values


def _stems(words: Iterable[str]) -> set[str]:
    return {word[:STEM] for word in words}


def contradiction_counts(drops: Sequence[Drop], pieces: Sequence[Passage]) -> Mapping[str, int]:
    """Figures for the stage: pieces that are contradicted, and those of them that are used all the same."""
    used = {piece.id for piece in pieces}
    return {"contradicted": len(drops), "contradicted_and_used": sum(drop.id in used for drop in drops)}
