"""What a rewrite denies and its passage does not, or the other way round. The words are English."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from cem_toolkit.builtin.text import STOPWORDS, sentences
from cem_toolkit.leaks import tokens
from cem_toolkit.records import Passage

STEM = 5
"""Words that begin with so many equal letters are taken for forms of one."""
NEGATIONS = frozenset("no not never none nobody nothing neither nor without cannot".split())  # noqa: SIM905
_CONTRACTED = re.compile(r"n['’]t\b")


def denial(said: str, passage: Passage) -> str:
    """What one of the two denies and the other says, in words, or "": a denial in one sentence of the passage is none
    of what its other sentences say."""
    denials = NEGATIONS & set(_words(said))
    if new := denials - set(_words(f"{passage.title}\n{passage.text}")):
        return f"says {min(new)!r}"
    if not NEGATIONS.isdisjoint(_words(passage.title)):  # "No Country for Old Men"
        return ""
    told = [_words(sentence) for sentence in sentences(passage.text)]
    plain = _stems(word for words in told if NEGATIONS.isdisjoint(words) for word in words)
    if denials:
        denying = _stems(word for words in told if not NEGATIONS.isdisjoint(words) for word in words)
        wrong = {stem for sentence in sentences(said) for stem in _denied(_words(sentence))} & plain - denying
        return f"denies {min(wrong)!r}" if wrong else ""
    wrong = {stem for words in told for stem in _denied(words)} & _stems(_words(said)) - plain
    return f"affirms {min(wrong)!r}" if wrong else ""


def _words(text: str) -> list[str]:
    return tokens(_CONTRACTED.sub(" not", text))


def _stems(words: Iterable[str]) -> set[str]:
    return {word[:STEM] for word in words if word not in STOPWORDS and word not in NEGATIONS}


def _denied(words: Sequence[str]) -> Iterator[str]:
    """The beginning of the first telling word after each negation."""
    for place, word in enumerate(words):
        after = words[place + 1 :]
        if word in NEGATIONS and after[:1] != ["only"]:
            yield from islice((each[:STEM] for each in after if each.isalpha() and each not in STOPWORDS), 1)
