"""Passages made of a document's blocks."""

import re
from collections.abc import Iterable, Iterator

from cem_docs.blocks import Block

_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*\s|[。！？]|\n")


def chunk(blocks: Iterable[Block], limit: int) -> Iterator[Block]:
    """Blocks of at most `limit` characters, in which all text stands in order.

    Each has as many whole paragraphs, a line each, as fit; a longer one is cut between sentences. None goes across a
    heading, and `place` is where it begins.
    """
    texts: list[str] = []
    length, place = 0, ""
    headings: tuple[str, ...] = ()
    for block in blocks:
        for piece in cut(block.text, limit):
            if texts and (block.headings != headings or length + 1 + len(piece) > limit):
                yield Block(headings, "\n".join(texts), place)
                texts = []
            if not texts:
                length, headings, place = -1, block.headings, block.place
            texts.append(piece)
            length += 1 + len(piece)
    if texts:
        yield Block(headings, "\n".join(texts), place)


def cut(text: str, limit: int) -> Iterator[str]:
    """`text` in pieces of at most `limit` characters: whole, else after a sentence, else between words, else anywhere.
    White space at the ends is dropped."""
    start, end = 0, len(text.rstrip())
    while True:
        while start < end and text[start].isspace():
            start += 1
        if start == end:
            return
        stop = end if end - start <= limit else start + _last_break(text[start : start + limit + 1])
        yield text[start:stop].rstrip()
        start = stop


def _last_break(window: str) -> int:
    """Where to cut a text of which `window` is the beginning, one character longer than a piece may be."""
    limit = len(window) - 1
    # A sentence that ends in the first half would leave a piece too small to say much.
    ends = [found.end() for found in _SENTENCE_END.finditer(window, limit // 2)]
    ends = [end for end in ends if len(window[:end].rstrip()) <= limit]
    if ends:
        return ends[-1]
    return next((at for at in range(limit, limit // 2, -1) if window[at].isspace()), limit)
