"""A page, and how its text is made safe."""

import unicodedata
from dataclasses import dataclass

from cem_toolkit.records import normalise

NO_TEXT = {"Cc", "Cn", "Co", "Cs"}
"""Unicode's categories of control, unassigned, private and surrogate characters."""
REORDERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that change the direction in which text shows, and can hide what it says."""

LINES = {ord("\n"): None, ord("\t"): None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page as a backend found it; its fields are those of `cem_toolkit.api.Passage`."""

    title: str
    """What it is about."""
    text: str
    """Plain text; see `clean`."""
    url: str = ""
    """Where a reader finds it."""
    revision: str = ""
    """The revision or snapshot, as the place states it."""
    licence: str = ""
    """Where the page itself states one; else that of the source's options is noted."""


def fold_accents(text: str) -> str:
    """`text` without accents, compatibility characters decomposed."""
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def match_key(title: str) -> str:
    """`title` as titles and queries are compared: without case, punctuation and accents."""
    return fold_accents(normalise(title))


def clean(text: str, max_chars: int) -> str:
    """`text` without characters that are no text (`NO_TEXT`, `REORDERING`), and of at most `max_chars` characters.

    Line ends and tabs stay. A longer text is cut at the last white space before the limit, if it is near.
    """
    if not text.translate(LINES).isprintable():  # all that is taken out is not printable, and most texts are
        text = "".join(
            char
            for char in text
            if char in "\n\t" or (unicodedata.category(char) not in NO_TEXT and char not in REORDERING)
        )
    kept = text.strip()
    if len(kept) <= max_chars:
        return kept
    head = kept[: max_chars + 1]
    cut = max(head.rfind(" "), head.rfind("\n"))
    return head[: cut if cut >= max_chars * 4 // 5 else max_chars].rstrip()
