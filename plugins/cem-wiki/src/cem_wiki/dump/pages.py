"""The pages of a dump's XML, one at a time.

MediaWiki escapes what pages hold, so `<page>` and `</page>` stand for nothing else, and each page is parsed alone: in
constant memory, and without the document's head, in which alone entities could be declared.
"""

import xml.etree.ElementTree as ET
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cem_toolkit.api import CemError
from cem_wiki.dump.streams import Piece

BEGIN, END = b"<page>", b"</page>"
MOST = 1 << 26
"""Bytes of a page at most. MediaWiki's own limit is 2 MiB of text."""


@dataclass(frozen=True, slots=True)
class Position:
    """After `pages` of those pages that begin in the stream at `stream`; `told` bytes of the file were read by then."""

    stream: int = 0
    pages: int = 0
    told: int = 0

    def __str__(self) -> str:
        return f"{self.stream} {self.pages} {self.told}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        return cls(*map(int, text.split()))


@dataclass(frozen=True, slots=True)
class WikiPage:
    """A page as the dump has it; `target` is that of a redirect."""

    title: str
    namespace: str
    target: str
    revision: str
    model: str
    text: str


def split_pages(pieces: Iterable[Piece]) -> Iterator[tuple[bytes, Position]]:
    """Each page's XML with the position after it. Raises CemError where one does not end."""
    buffer, dropped = bytearray(), 0  # bytes that are not yet dealt with, and how many were before them
    streams: deque[tuple[int, int]] = deque()  # where in the text each stream begins, and where in the file
    pages = searched = 0
    for stream, told, data in pieces:
        if not streams or streams[-1][1] != stream:
            streams.append((dropped + len(buffer), stream))
        buffer += data
        while (begin := buffer.find(BEGIN)) >= 0 and (end := buffer.find(END, max(begin, searched))) >= 0:
            while len(streams) > 1 and streams[1][0] <= dropped + begin:
                streams.popleft()
                pages = 0
            end, pages, searched = end + len(END), pages + 1, 0
            yield bytes(buffer[begin:end]), Position(streams[0][1], pages, told)
            del buffer[:end]
            dropped += end
        if len(buffer) > MOST:
            raise CemError(f"a page at byte {told:,} is longer than {MOST >> 20} MiB: this is no dump of MediaWiki's")
        searched = max(0, len(buffer) - len(END)) if begin >= 0 else 0
        if begin < 0:
            useless = max(0, len(buffer) - len(BEGIN))
            del buffer[:useless]
            dropped += useless
    if BEGIN in buffer:
        raise CemError("it ends within a page")


def parse_page(xml: bytes) -> WikiPage:
    """Raises CemError where it is not well-formed."""
    try:
        page = ET.fromstring(xml)  # noqa: S314 (a fragment, which cannot declare entities)
    except ET.ParseError as error:
        raise CemError(f"a page is not well-formed XML ({error})") from None
    revision = next(reversed(page.findall("revision")), page)
    redirect = page.find("redirect")
    return WikiPage(
        title=page.findtext("title") or "",
        namespace=page.findtext("ns") or "0",
        target="" if redirect is None else redirect.get("title", ""),
        revision=revision.findtext("id") or "",
        model=revision.findtext("model") or "wikitext",
        text=revision.findtext("text") or "",
    )
