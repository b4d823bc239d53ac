"""Statements that put two passages together: a sentence of one that names what the other is about, and one of the other
that says what that is.

Whoever reads of Niger on one page and of Chad on another has nowhere read of both. EntiGraph (arXiv 2409.07431) has a
language model write about every pair of names; here only what passages say of each other is put together.
"""

import re
from collections.abc import Iterable, Iterator

from cem_toolkit.api import Passage
from cem_toolkit.builtin.facts import ASIDE
from cem_toolkit.builtin.restate import with_subject
from cem_toolkit.builtin.text import STOPWORDS, main_name, sentences

MOST_WORDS = 40
"""Of each of the two sentences: what is longer is mostly a list, and costs more than it tells."""
_WORD = re.compile(r"\w+")
_LONGER_BEFORE = re.compile(r"\b([A-ZÀ-Þ][\w'’.-]*)(?<!['’]s) (?:of (?:the )?)?$|\w[-–'’]$")
_LONGER_AFTER = re.compile(r" (?:of (?:the )?)?[A-ZÀ-Þ]|[-–]\w|['’](?!s\b)\w")
_BEGINS = re.compile(rf"(?!{_LONGER_AFTER.pattern})\W")
_IS_A = re.compile(rf"{ASIDE} (?:is|was|are|were) (?:an?|the|one)\b")

Told = tuple[str, str]
"""A sentence, and the id of its passage."""


class Subjects:
    """What passages are about, to be found by name in a time that does not grow with their number.

    Names are found as they are written, capitals and all; numbers, single letters and small words are no names."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        titles: dict[str, set[str]] = {}
        told: dict[str, list[Told]] = {}
        for passage in passages:
            name = main_name(passage.title)
            titles.setdefault(name, set()).add(passage.title)
            told.setdefault(name, []).extend((said, passage.id) for said in spoken(passage))
        self._telling: dict[str, Told | None] = {}
        self._lengths: dict[str, list[int]] = {}
        for name, said in told.items():
            words = _WORD.findall(name)
            if any(len(word) > 1 and not word.isdigit() and word.casefold() not in STOPWORDS for word in words):
                # The name alone of "Georgia (country)" may mean something else.
                self._telling[name] = _most_telling(name, said) if titles[name] == {name} else None
                self._lengths[words[0]] = sorted({*self._lengths.get(words[0], ()), len(words)}, reverse=True)

    def named_in(self, sentence: str) -> list[str]:
        """Names that stand in `sentence` as a whole, and not as part of a longer one ("Gulf of Guinea")."""
        words = list(_WORD.finditer(sentence))
        named: list[str] = []
        after = 0
        for place, word in enumerate(words):
            if word.start() >= after:
                lasts = (place + length - 1 for length in self._lengths.get(word[0], ()))
                ends = (words[last].end() for last in lasts if last < len(words))
                end = next((end for end in ends if sentence[word.start() : end] in self._telling), 0)
                if end and not _is_part(sentence, word.start(), end):
                    named.append(sentence[word.start() : end])
                after = end
        return named

    def telling(self, name: str) -> Told | None:
        """The sentence that says what `name` is, if there is one and it is clear what the name means."""
        return self._telling[name]


def links(passage: Passage, subjects: Subjects) -> Iterator[Told]:
    """A sentence of `passage` that names its own subject and another, followed by what tells about the other, with the
    other's id; each other subject once."""
    own = main_name(passage.title)
    seen = {own}
    for said in spoken(passage):
        named = subjects.named_in(said)
        for name in named if own in named else ():
            if name not in seen and (other := subjects.telling(name)):
                seen.add(name)
                yield f"{said} {other[0]}", other[1]


def spoken(passage: Passage) -> Iterator[str]:
    """The whole sentences of `passage` that are not too long, with their subject put in for a pronoun."""
    for sentence in sentences(passage.text):
        if sentence.endswith((".", "!", "?")) and len(sentence.split()) <= MOST_WORDS:
            yield with_subject(passage.title, sentence)


def _most_telling(name: str, told: Iterable[Told]) -> Told | None:
    """What says what `name` is, else the first sentence that begins with it."""
    about = [each for each in told if _follows(_BEGINS, name, each[0])]
    return next((each for each in about if _follows(_IS_A, name, each[0])), about[0] if about else None)


def _follows(pattern: re.Pattern[str], name: str, said: str) -> bool:
    """Whether `said` begins with `name`, and goes on as `pattern` does."""
    plain = said if said.startswith(name) else said.removeprefix("The ")
    return plain.startswith(name) and pattern.match(plain, len(name)) is not None


def _is_part(sentence: str, start: int, end: int) -> bool:
    """Whether what stands from `start` to `end` is part of a longer name."""
    before = _LONGER_BEFORE.search(sentence[:start])
    opening = before and before[1] and before[1].casefold() in STOPWORDS
    return bool((before and not opening) or _LONGER_AFTER.match(sentence, end))
