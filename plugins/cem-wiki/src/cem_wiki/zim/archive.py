"""A ZIM file read as a stream: its articles, and the redirects to them."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cem_toolkit.api import CemError
from cem_wiki.collection import Collection, need
from cem_wiki.options import WikiOptions
from cem_wiki.zim.metadata import Addresses, language_code, read_metadata
from cem_wiki.zim.page_text import introduction, whole_text

if TYPE_CHECKING:
    from cem_index import Document

FORM = 1
"""Changes whenever the same page would give another text."""
REDIRECTS = 10
"""Redirects that are followed one after the other, at most."""


class ZimFile(Collection):
    """A position is the number of the next entry, in the order of their paths."""

    def __init__(self, path: Path, options: WikiOptions) -> None:
        """Raises CemError where the file is no ZIM file or not whole, or a library is missing."""
        need("zim", "libzim", "lxml", "cem_index")
        from libzim.reader import Archive

        self.path = path
        self._convert = whole_text if options.whole_pages else introduction
        with self._reading("it cannot be opened"):
            self._archive = Archive(path)
            told = read_metadata(self._archive)
            self.size = self._archive.all_entry_count
            identity = f"{self._archive.uuid} {self._archive.filesize} {_read_checksum(self._archive)}"
        self._addresses = Addresses(told)
        self._revision = " ".join(filter(None, (told.get("Name") or path.stem, told.get("Date"))))
        self._licence = told.get("License", "")
        self.language = options.language
        if "language" not in options.model_fields_set:
            self.language = language_code(told.get("Language", "")) or options.language
        parts = (identity, self._revision, self._licence, self.language, str(options.whole_pages), str(FORM))
        self.key = hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def documents(self, position: str) -> Iterator[tuple["Document", str]]:
        for number in range(int(position or 0), self.size):
            with self._reading(f"entry {number:,} cannot be read"):
                document = self._document(number)
            if document:
                yield document, str(number + 1)

    def reached(self, position: str) -> int:
        return int(position or 0)

    def _document(self, number: int) -> "Document | None":
        """None where the entry is no page, or a page without text."""
        from cem_index import Document

        entry = target = self._archive._get_entry_by_id(number)  # the only way to all entries that libzim offers
        for _ in range(REDIRECTS):
            if target.is_redirect:
                target = target.get_redirect_entry()
        if target.is_redirect:
            return None
        item = target.get_item()
        kind, _, parameters = item.mimetype.partition(";")
        if kind.strip() not in ("text/html", "application/xhtml+xml"):
            return None
        if entry.is_redirect:
            return Document(title=entry.title, target=target.title)
        text = self._convert(bytes(item.content), parameters.rpartition("charset=")[2].strip(" \"'"))
        if not text:
            return None
        url = self._addresses.find(entry.path)
        return Document(title=entry.title, text=text, url=url, revision=self._revision, licence=self._licence)

    @contextlib.contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, KeyError, IndexError, ValueError, OSError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise CemError(
                f"wiki: {self.path} is no ZIM file, or broken: {what} ({reason}); download it again"
            ) from None


def _read_checksum(archive: Any) -> str:
    return archive.checksum if archive.has_checksum else ""
