"""Documents as the passages that are indexed."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from cem_docs.blocks import MAX_HEADING, Block
from cem_docs.blocks import Document as Read
from cem_docs.chunks import chunk
from cem_index import Document
from cem_toolkit.searching import clean

BETWEEN = " › "
"""Between a document's title and the headings below it."""
PLACEHOLDERS = {"", "(anonymous)", "anonymous", "powerpoint presentation", "presentation", "untitled", "word document"}
"""What programs write where nobody has given a title."""
ADDRESS = re.compile(r"https?://[^\s<>\"]{1,2000}")
MAX_LICENCE = 200
MAX_TITLE = 1000


def passages(read: Read, name: str, address: str, revision: str, max_chars: int) -> Iterator[Document]:
    """The passages of a document that was read; `name` is its title where it states none, `address` its own."""
    title, blocks = _titled(read, name)
    own = ADDRESS.fullmatch(read.url)
    base, place = (own[0], "") if own else (address, read.place)
    licence = clean(read.licence, MAX_LICENCE)
    for block in chunk(blocks, max_chars):
        text = clean(block.text, max_chars)
        if text:
            at = quote(place or block.place, safe="=~")
            yield Document(
                title=clean(BETWEEN.join((title, *block.headings)), MAX_TITLE),
                names=tuple(clean(heading, MAX_HEADING) for heading in block.headings[-1:]),
                text=text,
                url=f"{base}#{at}" if at and "#" not in base else base,
                revision=revision,
                licence=licence,
            )


def _titled(read: Read, name: str) -> tuple[str, Sequence[Block]]:
    """The document's title with its blocks. It is the heading that all of it stands under, or what the file says of
    itself, or `name`; a heading that the title begins with is not said again."""
    blocks = list(read.blocks)
    title = " ".join(read.title.split())[:MAX_HEADING]
    tops = {block.headings[:1] for block in blocks}
    if len(tops) == 1 and (top := tops.pop()):
        title = top[0]
    elif title.casefold() in PLACEHOLDERS:
        title = " ".join(name.split())
    begins = title.casefold().startswith
    return title, [
        block._replace(headings=block.headings[1:])
        if block.headings and begins(block.headings[0].casefold())
        else block
        for block in blocks
    ]
