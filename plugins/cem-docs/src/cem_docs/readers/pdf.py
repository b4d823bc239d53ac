"""PDF: the text of its pages, under the headings that its bookmarks name."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cem_docs.blocks import WRAPPED, Block, Document, Outline, Unreadable, paragraphs

if TYPE_CHECKING:
    from pypdf import PdfReader

HYPHENATED = re.compile(r"(?<=[a-zà-ÿ])[-\u00ad]\n(?=[a-zà-ÿ])")
"""A word that goes on in the next line."""
MAX_BOOKMARKS = 100_000


def read(path: Path) -> Iterator[Document]:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    pdf = PdfReader(path)
    try:
        # Many files are encrypted only to forbid printing: they open with an empty password.
        if pdf.is_encrypted and not pdf.decrypt(""):
            raise Unreadable("encrypted", "needs a password")
    except DependencyError:
        raise Unreadable("encrypted", "needs the package cryptography, and maybe a password") from None
    title = pdf.metadata.title if pdf.metadata else ""
    yield Document(_blocks(pdf), title if isinstance(title, str) else "")


def _blocks(pdf: "PdfReader") -> Iterator[Block]:
    bookmarks = _bookmarks(pdf)
    outline, empty = Outline(), True
    for number, page in enumerate(pdf.pages):
        text = HYPHENATED.sub("", page.extract_text())
        for part, (level, heading) in _parts(text, bookmarks.get(number, ())):
            for paragraph in paragraphs(_unwrapped(part)):
                empty = False
                yield Block(outline.path, paragraph, f"page={number + 1}")
            outline.enter(level, heading)
    if empty:
        raise Unreadable("without text", "holds images alone? Its text must be recognised (OCR) first")


def _bookmarks(pdf: "PdfReader") -> dict[int, list[tuple[int, str]]]:
    """By the page's number, from 0: levels, from 1, and titles of the bookmarks that lead to it, in their order."""
    found: dict[int, list[tuple[int, str]]] = {}
    waiting: list[Iterator[Any]] = [iter(pdf.outline)]
    count = 0
    while waiting and count < MAX_BOOKMARKS:
        entry = next(waiting[-1], None)
        if entry is None:
            waiting.pop()
        elif isinstance(entry, list):
            waiting.append(iter(entry))
        elif (page := pdf.get_destination_page_number(entry)) is not None and page >= 0:
            count += 1
            found.setdefault(page, []).append((len(waiting), str(entry.title or "")))
    return found


def _parts(text: str, headings: Sequence[tuple[int, str]]) -> Iterator[tuple[str, tuple[int, str]]]:
    """A page's text up to each heading, with the heading. One that no line of the page says stands where the page
    begins, or right after the heading before it. After the last part comes no heading: its level is below all."""
    lines = text.split("\n")
    start = 0
    for level, heading in headings:
        at = next((n for n in range(start, len(lines)) if _key(lines[n]) == _key(heading)), None)
        if at is None:
            yield "", (level, heading)
        else:
            yield "\n".join(lines[start:at]), (level, heading)
            start = at + 1
    yield "\n".join(lines[start:]), (1000, "")


def _unwrapped(text: str) -> str:
    """`text` with lines joined that belong together: a PDF seldom tells where a paragraph ends, so a long line goes on
    in the next one unless it ends as a sentence does."""
    said: list[str] = []
    for line in text.split("\n"):
        if said and len(said[-1]) >= WRAPPED and line.strip() and said[-1].rstrip()[-1:] not in ".:;!?":
            said[-1] = f"{said[-1].rstrip()} {line.strip()}"
        else:
            said.append(line)
    return "\n".join(said)


def _key(line: str) -> str:
    """A heading as page and bookmark may both write it: without spaces, case and numbering."""
    return re.sub(r"^[\d.]+", "", "".join(line.split())).casefold()
