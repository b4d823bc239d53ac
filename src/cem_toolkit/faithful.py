"""Whether a rewrite says what its passage says: one that names something else is dropped.

Names and numbers are what a language model gets wrong when it rewrites, and they can be looked up in the passage. That
a rewrite mixes up who did what to whom is not seen.
"""

import re
from collections.abc import Iterable, Sequence

from cem_toolkit.builtin.text import STOPWORDS, sentences
from cem_toolkit.excerpts import content_words
from cem_toolkit.leaks import Drop, tokens
from cem_toolkit.records import Passage, Rewrite

KNOWN = 0.7
"""Of a rewrite's words that carry a topic, so many must be its passage's, by their beginnings."""
STEM = 5
ASKING = frozenset("question answer fill blank name known kind country city person thing place year".split())  # noqa: SIM905
"""Words of which questions are made."""
NEGATIONS = frozenset("no not never none nobody nothing neither nor without cannot".split())  # noqa: SIM905
_WORD = re.compile(r"[^\W_](?:[\w'’.-]*\w)?")


def unfaithful(rewrite: Rewrite, passage: Passage) -> str:
    """What `rewrite` says that `passage` does not, in words, or "" where nothing is found."""
    source = f"{passage.title}\n{passage.text}"
    known = {*tokens(source), "s"}  # of "Chad's"
    said = f"{rewrite.question}\n{rewrite.text}"
    strange = [word for word in _names(said) if not known.issuperset(tokens(word))]
    if strange:
        return f"names {strange[0]!r}"
    if denied := (NEGATIONS & set(tokens(said))) - known:
        return f"says {min(denied)!r}"
    words = content_words(said) - ASKING
    stems = {word[:STEM] for word in known}
    new = sorted(word for word in words if word[:STEM] not in stems)
    if len(new) > (1 - KNOWN) * len(words):
        return f"is about other things: {', '.join(new[:3])}"
    return ""


def keep_faithful(rewrites: Iterable[Rewrite], passages: Sequence[Passage]) -> tuple[list[Rewrite], list[Drop]]:
    """Those rewrites that say nothing but what their passage says, each once, and what became of the others."""
    by_id = {passage.id: passage for passage in passages}
    kept: dict[str, Rewrite] = {}
    drops: dict[str, Drop] = {}
    for rewrite in rewrites:
        said = unfaithful(rewrite, by_id[rewrite.passage_id]) if rewrite.text.strip() else "is empty"
        if said:
            drops[rewrite.id] = Drop(id=rewrite.id, stage="rewrite", reason="not what the passage says", detail=said)
        else:
            kept.setdefault(rewrite.id, rewrite)
    return list(kept.values()), list(drops.values())


def _names(text: str) -> Iterable[str]:
    """Words with a capital or a digit; those that open a sentence only where they are no small words."""
    for sentence in sentences(text):
        for place, match in enumerate(_WORD.finditer(sentence)):
            word = match[0]
            plain = word.casefold().strip("'’.-")
            if any(character.isdigit() for character in word) or (
                word[0].isupper() and plain not in STOPWORDS and not (place == 0 and plain in ASKING)
            ):
                yield word
