"""Telling a right answer in another form from a wrong one."""

import re
import string
import unicodedata
from collections.abc import Iterable

NUMBER = re.compile(r"[-+]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)")


def matches(output: str, golds: Iterable[str]) -> tuple[str, ...]:
    """The names of the looser comparisons by which free text `output` equals one of `golds`.

    - "normalised": without regard to case, punctuation, white space and articles;
    - "first_line": the same, of the first line that is not empty;
    - "number": the last number in it, where the right answer is a number or ends in one after "####".
    """
    golds = tuple(golds)
    found = []
    right = {folded for gold in golds if (folded := _fold(gold))}
    if _fold(output) in right:
        found.append("normalised")
    first = next((line for line in output.splitlines() if line.strip()), "")
    if _fold(first) in right:
        found.append("first_line")
    numbers = {number for gold in golds if (number := _as_number(gold.rsplit("####", 1)[-1])) is not None}
    said = NUMBER.findall(output)
    if said and _as_number(said[-1]) in numbers:
        found.append("number")
    return tuple(found)


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    text = "".join(" " if char in string.punctuation else char for char in text)
    return " ".join(word for word in text.split() if word not in ("a", "an", "the"))


def _as_number(text: str) -> float | None:
    """The number that `text` is, with or without a currency or per cent sign, or None."""
    bare = text.strip().strip("$€£% .").replace(",", "")
    return float(bare) if NUMBER.fullmatch(bare) else None
