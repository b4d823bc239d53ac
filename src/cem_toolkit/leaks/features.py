"""What of a question or a text is compared.

Words are compared by their first letters: cutting words short serves about as well as a stemmer does, in any language
that inflects at the end (McNamee, Nicholas and Mayfield, "Don't have a stemmer?", SIGIR 2008). Names are compared
whole.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from cem_toolkit.leaks.words import SPACELESS, tokens

STEM = 5
"""Letters of a word that are compared."""

_FUNCTION_WORDS = """
a about also am an and answer any are as at be been being blank but by called can choose complete correct could did do
does false fill following for from give given had has have he her him his how i if in into is it its made many may me
much my name named of on one or our out pick please question said say select she so some such tell that the their them
then there these they this those to true up us was we were what when where which who whom whose why will with would
you your
"""
_EMPTY_ANSWERS = """
above all below both correct false incorrect neither no none options right true wrong yes answers
"""
_FUNCTION = frozenset(_FUNCTION_WORDS.split())
_EMPTY = frozenset(_EMPTY_ANSWERS.split()) | _FUNCTION
_NEGATIONS = frozenset("aren cannot didn doesn don except isn least neither never no none nor not wasn without".split())  # noqa: SIM905
_WORD = re.compile(r"[^\W_](?:[\w'’.-]*\w)?")
_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]{2,80})[\"”“»]")
_SPACELESS = re.compile(f"[{SPACELESS}]")
_ADJECTIVE = re.compile(r"[aeiouy]?(?:s|n|an|ian|ean|ese|ish)|i")


@dataclass(frozen=True, slots=True)
class Said:
    """A text that asks."""

    tokens: frozenset[str]
    words: frozenset[str]
    """Cut, without function words; in scripts without spaces pairs of characters."""
    negative: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A guarded question."""

    names: frozenset[str]
    """Tokens of names, numbers and quotations."""
    words: frozenset[str]
    """The others, as in `Said`, but for those of the answer."""
    negative: bool
    answer: tuple[str, ...]
    """Its tokens, without an article before them."""
    empty: bool
    """Whether the answer says nothing by itself, such as "yes" or "all of the above"."""


@lru_cache(maxsize=4096)
def read_text(text: str) -> Said:
    every = tokens(text)
    words = {cut(word) for word in every if word not in _FUNCTION and word not in _NEGATIONS and _tells(word)}
    words |= {a + b for a, b in pairwise(every) if _SPACELESS.match(a) and _SPACELESS.match(b)}
    return Said(frozenset(every), frozenset(words), not _NEGATIONS.isdisjoint(every))


def read_question(text: str, gold: str) -> Question:
    answer = tokens(gold)
    if len(answer) > 1 and answer[0] in ("the", "a", "an"):
        del answer[0]
    names, said = _names(text), read_text(text)
    words = said.words - {cut(word) for word in (*names, *answer)}
    empty = all(word in _EMPTY or (len(word) == 1 and not _SPACELESS.match(word)) for word in answer)
    return Question(frozenset(names), words, said.negative, tuple(answer), empty)


def cut(word: str) -> str:
    if len(word) > STEM:
        return word[:STEM]
    return word.removesuffix("s") if len(word) > 3 else word


def has_name(name: str, words: frozenset[str]) -> bool:
    """Whether `name` is among `words`, as it is or as an adjective: Italy, Italian."""
    if name in words:
        return True
    root = name.rstrip("aeiouy")
    return len(root) > 3 and any(word.startswith(root) and _ADJECTIVE.fullmatch(word, len(root)) for word in words)


def _names(text: str) -> set[str]:
    """Names, numbers and what stands in quotation marks, as tokens. A sentence's first word may be any word."""
    words = list(_WORD.finditer(text))
    telling = [match[0] for match in words if match[0][0].isdigit() or (match[0][0].isupper() and _inside(match))]
    if len(telling) > 0.7 * len(words):  # a title, or all in capitals
        telling = [word for word in telling if word[0].isdigit()]
    telling += _QUOTED.findall(text)
    return {token for word in telling for token in tokens(word) if token not in _FUNCTION and _tells(token)}


def _tells(token: str) -> bool:
    """A single letter may be anything's; a digit is a number."""
    return len(token) > 1 or token.isdigit()


def _inside(word: re.Match[str]) -> bool:
    """Whether a word stands inside a sentence, not at its beginning."""
    before = word.string[: word.start()].rstrip(" \n\"'“‘«(¿¡")
    return bool(before) and before[-1] not in ".!?:"
