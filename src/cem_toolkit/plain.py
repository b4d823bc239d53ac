"""Text that strangers wrote, made fit for a terminal."""

import unicodedata

_KEPT = "\n\t"
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They reorder what a reader sees; other format characters join letters and emoji, and stay."""


def plain(text: object) -> str:
    """`text` without control characters, which can rewrite a terminal, and without those that turn its direction.
    Halves of surrogate pairs, which cannot be printed, become the replacement character."""
    said = str(text)
    return said if said.isprintable() else "".join(map(_safe, said.replace("\r\n", "\n")))


def brief(text: object, width: int = 300) -> str:
    """`plain`, on one line of at most `width` characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def _safe(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    dropped = (category == "Cc" and character not in _KEPT) or character in _BIDI
    return "" if dropped else character
