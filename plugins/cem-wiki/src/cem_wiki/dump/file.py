"""A dump read as a stream: its articles, and the redirects to them."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cem_toolkit.api import CemError
from cem_wiki.collection import Collection, need
from cem_wiki.dump.head import read_head
from cem_wiki.dump.pages import Position, WikiPage, parse_page, split_pages
from cem_wiki.dump.streams import check_end, read_pieces
from cem_wiki.dump.wikitext import introduction, whole_text
from cem_wiki.options import WikiOptions
from cem_wiki.pages import url_title

if TYPE_CHECKING:
    from cem_index import Document

FORM = 1
"""Changes whenever the same page would give another text."""
SAMPLES, SAMPLE = 64, 1 << 16


class DumpFile(Collection):
    """A `pages-articles` dump: .xml, .xml.gz, or .xml.bz2, of which the multistream form can be read on anywhere."""

    def __init__(self, path: Path, options: WikiOptions) -> None:
        """Raises CemError where the file is no dump or seen to be cut off, or a library is missing."""
        need("dump", "mwparserfromhell", "cem_index")
        self.path = path
        self._convert = whole_text if options.whole_pages else introduction
        self.size = path.stat().st_size
        check_end(path)
        with self._named():
            self._head = read_head(read_pieces(path))
        self.language = options.language
        if "language" not in options.model_fields_set:
            self.language = self._head.language or options.language
        parts = (sampled_hash(path), self.language, str(options.whole_pages), str(FORM))
        self.key = hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def documents(self, position: str) -> Iterator[tuple["Document", str]]:
        start = Position.parse(position)
        with self._named():
            pages = split_pages(read_pieces(self.path, start.stream))
            for number, (xml, reached) in enumerate(pages):
                if number >= start.pages and (document := self._document(parse_page(xml))):
                    yield document, str(reached)

    def reached(self, position: str) -> int:
        return Position.parse(position).told

    def _document(self, page: WikiPage) -> "Document | None":
        """None where the page is no article, or has no text."""
        from cem_index import Document

        if page.namespace != "0" or not page.title:
            return None
        if page.target:
            return Document(title=page.title, target=page.target.partition("#")[0])
        text = self._convert(page.text, self._head.unread) if page.model == "wikitext" else ""
        if not text:
            return None
        url = self._head.base + url_title(page.title) if self._head.base else ""
        return Document(title=page.title, text=text, url=url, revision=page.revision)

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Says of which file an error is."""
        try:
            yield
        except CemError as error:
            said = str(error)
            raise CemError(said if said.startswith("wiki: ") else f"wiki: {self.path}: {said}") from None


def sampled_hash(path: Path) -> str:
    """SHA-256, in hexadecimal, of the size and of 64 pieces all over the file: a dump has tens of gigabytes."""
    size = path.stat().st_size
    found = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for number in range(SAMPLES):
            file.seek(max(0, size - SAMPLE) * number // (SAMPLES - 1))
            found.update(file.read(SAMPLE))
    return found.hexdigest()
