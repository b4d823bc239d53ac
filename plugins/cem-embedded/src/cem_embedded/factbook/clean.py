"""Cleaning of Factbook values, and the comparisons that keep choices apart."""

import html
import re
import unicodedata
from difflib import SequenceMatcher

_TAG = re.compile(r"<!--.*?-->|<[^>]+>", re.DOTALL)
_NOTE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_QUOTES = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'"})
_NEAR = 0.8
_SHARED = 4


def plain(value: str) -> str:
    """Return a Factbook value as one line of text: no tags, no entities, straight quotes, single blanks."""
    text = html.unescape(_TAG.sub(" ", value)).translate(_QUOTES)
    return " ".join(text.split())


def bare(text: str) -> str:
    """Drop bracketed notes (nested ones too) and a trailing "; note - ..."."""
    text = re.sub(r"[;,]?\s*note\b.*$", "", text)
    while (shorter := _NOTE.sub(" ", text)) != text:
        text = shorter
    return " ".join(text.split()).strip(" ,;")


def fold(text: str) -> str:
    """Return text without case, diacritics and punctuation, for comparisons."""
    letters = unicodedata.normalize("NFKD", text)
    kept = "".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c) and c not in "'`")
    return " ".join(kept.casefold().split())


def alike(one: str, other: str) -> bool:
    """Tell whether two choices are too near to stand side by side: equal, one within the other, or a spelling away."""
    a, b = fold(one), fold(other)
    return a in b or b in a or SequenceMatcher(None, a, b, autojunk=False).ratio() >= _NEAR


def mentions(text: str, phrase: str) -> bool:
    """Tell whether the phrase stands in the text as whole words."""
    return f" {fold(phrase)} " in f" {fold(text)} "


def giveaway(answer: str, name: str, start: int = _SHARED) -> bool:
    """Tell whether an answer shows in a name: four letters in a row are shared ("Setswana" and "Botswana").

    Args:
        start: how many letters at the start of two words already tell ("Polish" and "Poland": three).
    """
    words, others = fold(answer).split(), fold(name).split()
    return fold(answer) in fold(name) or any(
        word[:start] == other[:start] or any(word[i : i + _SHARED] in other for i in range(len(word) - _SHARED + 1))
        for word in words
        for other in others
    )


def outer_split(text: str, marks: str = ",;") -> list[str]:
    """Split at marks that stand outside brackets and inside no number ("1,200")."""
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        if char in "([":
            depth += 1
        elif char in ")]":
            depth = max(0, depth - 1)
        elif char in marks and depth == 0 and not text[i + 1 : i + 2].isdigit():
            parts.append(text[start:i].strip())
            start = i + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]
