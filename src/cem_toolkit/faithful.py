"""Whether a rewrite says what its passage says, or its two passages: one that says something else is dropped.

Names, numbers, denials and answers are what a language model gets wrong when it rewrites, and they can be looked up in
the passage. That a rewrite mixes up who did what to whom is not seen.
"""

import dataclasses
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from cem_toolkit.builtin.text import STOPWORDS, sentences
from cem_toolkit.denials import STEM, denial
from cem_toolkit.excerpts import content_words
from cem_toolkit.leaks import Drop, tokens
from cem_toolkit.records import Passage, Rewrite

KNOWN = 0.7
"""Of a rewrite's words that carry a topic, so many must be its passage's, by their beginnings."""
ASKING = frozenset("question answer fill blank name known kind country city person thing place year".split())  # noqa: SIM905
"""Words of which questions are made."""
_NUMBERS = """
two three four five six seven eight nine ten eleven twelve dozen twenty thirty forty fifty sixty seventy eighty ninety
hundred thousand million billion trillion second third half twice
"""
_FIGURES = {word: str(number) for number, word in enumerate(_NUMBERS.split(), 2) if number <= 12}
_SPELT = frozenset(_NUMBERS.split())
"""Not "one", which is seldom a number."""
_EXTREME = re.compile(r"\w{3,}est|most|least|first|last|only|best|worst")
"""Small models ask for the largest of whatever a passage tells."""
_WORD = re.compile(r"[^\W_](?:[\w'’.-]*\w)?")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def unfaithful(rewrite: Rewrite, passage: Passage) -> str:
    """What `rewrite` says that `passage` does not, in words, or "" where nothing is found."""
    source = f"{passage.title}\n{passage.text}"
    known = {*tokens(source), "s"}  # of "Chad's"
    said = f"{rewrite.question}\n{rewrite.text}"
    strange = [word for word in _names(said) if not known.issuperset(tokens(word))]
    if strange:
        return f"names {strange[0]!r}"
    if claims := _claims(said) - _claims(source):
        return f"says {min(claims)!r}"
    if denied := denial(said, passage):
        return denied
    stems = {word[:STEM] for word in known}
    if rewrite.question and (new := _new(content_words(rewrite.text), stems)):
        return f"answers {new[0]!r}"
    words = content_words(said) - ASKING
    new = _new(words, stems)
    if len(new) > (1 - KNOWN) * len(words):
        return f"is about other things: {', '.join(new[:3])}"
    return ""


def keep_faithful(rewrites: Iterable[Rewrite], passages: Sequence[Passage]) -> tuple[list[Rewrite], list[Drop]]:
    """Those rewrites that say nothing but what their passages say, each once, and what became of the others."""
    by_id = {passage.id: passage for passage in passages}
    kept: dict[str, Rewrite] = {}
    drops: dict[str, Drop] = {}
    for rewrite in rewrites:
        said = unfaithful(rewrite, _source(rewrite, by_id)) if rewrite.text.strip() else "is empty"
        if said:
            drops[rewrite.id] = Drop(id=rewrite.id, stage="rewrite", reason="not what the passage says", detail=said)
        else:
            kept.setdefault(rewrite.id, rewrite)
    return list(kept.values()), list(drops.values())


def _source(rewrite: Rewrite, by_id: Mapping[str, Passage]) -> Passage:
    """All that `rewrite` was made of, as one passage."""
    passages = [by_id[each] for each in rewrite.passage_ids]
    title, text = "\n".join(each.title for each in passages), "\n".join(each.text for each in passages)
    return dataclasses.replace(passages[0], title=title, text=text)


def _names(text: str) -> Iterable[str]:
    """Words with a capital, or with a digit among letters; those that open a sentence only where they are no small
    words."""
    for sentence in sentences(text):
        for place, match in enumerate(_WORD.finditer(sentence)):
            word = match[0]
            plain = word.casefold().strip("'’.-")
            named = word[0].isupper() and plain not in STOPWORDS and not (place == 0 and plain in ASKING)
            if named or (any(map(str.isdigit, word)) and not _NUMBER.fullmatch(word)):
                yield word


def _new(words: Iterable[str], stems: Collection[str]) -> list[str]:
    return sorted(word for word in words if word[:STEM] not in stems)


def _claims(text: str) -> set[str]:
    """Numbers and extremes in `text`. Numbers are whole: "1,500" is 1500, and neither 1 nor 500; words up to twelve are
    as their figures."""
    figures = {match[0].replace(",", "") for match in _NUMBER.finditer(text)}
    words = {word for word in tokens(text) if word in _SPELT or _EXTREME.fullmatch(word)}
    return figures | {_FIGURES.get(word, word) for word in words}
