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

from cem_toolkit.builtin.text import main_name, sentences
from cem_toolkit.config import PiecesConfig
from cem_toolkit.excerpts import content_words, says, spaced
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
    found = contradicted(pieces, mistakes, passages)
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


def cut_used(passages: Sequence[Passage], mistakes: Sequence[Mistake], config: PiecesConfig) -> list[Passage]:
    """The pieces alone that `cut_checked` gives. What would only be told is not looked for."""
    if config.contradictions == "drop":
        return cut_checked(passages, mistakes, config)[0]
    return cut_passages(passages, mistakes, config)


def contradicted(
    pieces: Iterable[Passage], mistakes: Iterable[Mistake], pages: Iterable[Passage] = ()
) -> dict[str, dict[str, str]]:
    """By the piece's id, for which mistakes another source says otherwise, and what each says.

    Of `pages`, which the pieces were cut from, every sentence is heard, whether it was cut or not. Where more sources
    name one choice than any other, the pieces that name it are not meant: those that name another are.
    """
    cut, whole = _by_mistake(pieces), _by_mistake(pages)
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for mistake in mistakes:
        own, heard = cut[mistake.id], [page for page in whole[mistake.id] if _is_about(page, mistake)]
        if len({each.source for each in (*own, *heard)}) > 1:
            for piece_id, said in (_by_copies(own) | _by_choices(own, heard, mistake)).items():
                found[piece_id][mistake.id] = said
    return dict(found)


def _by_mistake(passages: Iterable[Passage]) -> Mapping[str, list[Passage]]:
    of: defaultdict[str, list[Passage]] = defaultdict(list)
    for passage in passages:
        for mistake_id in dict.fromkeys(hit.mistake_id for hit in passage.hits):
            of[mistake_id].append(passage)
    return of


def _by_choices(pieces: Sequence[Passage], pages: Sequence[Passage], mistake: Mistake) -> dict[str, str]:
    votes = {piece.id: choice for piece in pieces if (choice := choice_of(piece, mistake))}
    sources: defaultdict[str, set[str]] = defaultdict(set)
    for piece in pieces:
        if piece.id in votes:
            sources[votes[piece.id]].add(piece.source)
    for page in pages if votes else ():
        for sentence in sentences(page.text):
            if choice := choice_of(replace(page, text=sentence), mistake):
                sources[choice].add(page.source)
    if len(sources) < 2 or len(set.union(*sources.values())) < 2:
        return {}  # one thing is named, or all of it by one source
    most = max(len(names) for names in sources.values())
    leading = [choice for choice, names in sources.items() if len(names) == most]
    believed = leading[0] if len(leading) == 1 else ""
    told = ", ".join(f"{choice!r} by {' and '.join(sorted(names))}" for choice, names in sorted(sources.items()))
    return {piece: told for piece, choice in votes.items() if choice != believed}


def _is_about(passage: Passage, mistake: Mistake) -> bool:
    """Whether the question names what `passage` is about: "Sindhi language" is not what one of Mali is."""
    about = content_words(main_name(passage.title))
    return bool(about) and about <= content_words(mistake.question)


def choice_of(piece: Passage, mistake: Mistake) -> str:
    """The one choice that `piece` names where it tells of what is asked about its subject, or ""."""
    text = spaced(piece.text)
    named = [choice for choice in mistake.choices if (words := spaced(choice)) and words in text]
    if len(named) != 1 or not _is_about(piece, mistake) or says(f"{piece.title} {mistake.question}", named[0]):
        return ""
    asked = content_words(mistake.question) - content_words(main_name(piece.title))
    return named[0] if _stems(asked) & _stems(tokens(piece.text)) else ""


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
