"""What every reader gives: a document as a sequence of blocks, each a paragraph with the headings above it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

MAX_HEADING = 200
"""Characters. A longer heading is a paragraph: it would stand in the title of every passage below it."""
WRAPPED = 50
"""Characters. A paragraph whose lines, but for the last, are all as long as this was wrapped by an editor."""


class Block(NamedTuple):
    """A paragraph, a list's item or a table's row. `place` is its address within the document, such as "page=3"."""

    headings: tuple[str, ...]
    text: str
    place: str = ""


@dataclass(slots=True)
class Document:
    """One file, or one row of a data file. `title`, `url` and `licence` are what it says of itself; "" for nothing."""

    blocks: Iterable[Block]
    title: str = ""
    url: str = ""
    licence: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was not read. `kind` is said of many, `reason` of this one."""

    kind: str
    reason: str = ""
    place: str = ""


class Unreadable(Exception):  # noqa: N818 (said of a file, as StopIteration is of an iterator)
    """Raised by a reader that gives a whole file up."""

    def __init__(self, kind: str, reason: str = "") -> None:
        super().__init__(kind, reason)
        self.skipped = Skipped(kind, reason)


class Outline:
    """The headings that are open at a point of a document."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    @property
    def path(self) -> tuple[str, ...]:
        """The open headings, outermost first."""
        return tuple(heading for _, heading in self._open)

    def enter(self, level: int, heading: str) -> bool:
        """Opens a heading (1 is the highest level) and closes those of its level and below. False where the text is
        too long for a heading, and so is a paragraph."""
        heading = " ".join(heading.split())
        if len(heading) > MAX_HEADING:
            return False
        self._open = [(above, name) for above, name in self._open if above < level]
        if heading:
            self._open.append((level, heading))
        return True


def paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of plain text, which blank lines part. Wrapped lines are joined, others kept."""
    lines: list[str] = []
    for line in (*text.splitlines(), ""):
        if line.strip():
            lines.append(line.rstrip())
        elif lines:
            wrapped = all(len(line) >= WRAPPED for line in lines[:-1])
            yield " ".join(line.strip() for line in lines) if wrapped else "\n".join(lines).strip()
            lines = []
