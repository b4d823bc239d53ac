"""Texts as words to compare."""

import re

from cem_toolkit.records import normalise

SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""The characters of scripts written without spaces between words, as the inside of a regular expression's `[…]`."""

_TOKEN = re.compile(f"[{SPACELESS}]|[^{SPACELESS}\\s]+")


def tokens(text: str) -> list[str]:
    """The words of `text`, normalised; in scripts without spaces every character is one. Blanks (`___`) are none."""
    return _TOKEN.findall(normalise(text).replace("_", " "))
