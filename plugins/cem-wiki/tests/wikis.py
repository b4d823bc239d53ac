"""Whole wikis on disk, made for tests: a ZIM file by libzim itself, and dumps as MediaWiki writes them."""

import bz2
import gzip
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from libzim.writer import Creator, Hint, Item, StringProvider

METADATA = {
    "Name": "wikipedia_en_test_maxi",
    "Language": "eng",
    "Date": "2026-10-01",
    "License": "CC-BY-SA-4.0",
    "Title": "Test",
}
Pages = Mapping[str, str]
"""Texts by title; "-> Title" is a redirect."""


class _Entry(Item):
    def __init__(self, path: str, title: str, content: bytes, kind: str) -> None:
        super().__init__()
        self._told = (path, title, content, kind)

    def get_path(self) -> str:
        return self._told[0]

    def get_title(self) -> str:
        return self._told[1]

    def get_mimetype(self) -> str:
        return self._told[3]

    def get_contentprovider(self) -> StringProvider:
        return StringProvider(self._told[2])

    def get_hints(self) -> Mapping[Hint, int]:
        return {Hint.FRONT_ARTICLE: self._told[3].startswith("text/html")}


def write_zim(
    path: Path,
    pages: Mapping[str, str | bytes],
    metadata: Mapping[str, str] = METADATA,
    others: Iterable[tuple[str, str, bytes]] = (),
    kind: str = "text/html",
) -> Path:
    """`others` are entries of other kinds: path, kind, content."""
    with Creator(path).config_indexing(False, "eng") as creator:
        for title, text in pages.items():
            if isinstance(text, str) and text.startswith("-> "):
                creator.add_redirection(title.replace(" ", "_"), title, text[3:].replace(" ", "_"), {})
            else:
                content = text if isinstance(text, bytes) else text.encode()
                creator.add_item(_Entry(title.replace(" ", "_"), title, content, kind))
        for other, mimetype, content in others:
            creator.add_item(_Entry(other, other, content, mimetype))
        for name, value in metadata.items():
            creator.add_metadata(name, value)
    return path


HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="en">
  <siteinfo>
    <sitename>Wikipedia</sitename>
    <base>https://en.wikipedia.org/wiki/Main_Page</base>
    <namespaces>
      <namespace key="0" case="first-letter" />
      <namespace key="6" case="first-letter">File</namespace>
      <namespace key="14" case="first-letter">Category</namespace>
    </namespaces>
  </siteinfo>
"""
TAIL = "</mediawiki>\n"


def page_xml(number: int, title: str, text: str, namespace: int = 0) -> str:
    redirect = f"    <redirect title={quoteattr(text[3:])} />\n" if text.startswith("-> ") else ""
    return (
        f"  <page>\n    <title>{escape(title)}</title>\n    <ns>{namespace}</ns>\n    <id>{number}</id>\n{redirect}"
        f"    <revision>\n      <id>{1000 + number}</id>\n      <model>wikitext</model>\n"
        f'      <text bytes="{len(text)}" xml:space="preserve">{escape(text)}</text>\n    </revision>\n  </page>\n'
    )


def write_dump(path: Path, pages: Pages, at_once: int = 10, cut: Sequence[int] = (), head: str = HEAD) -> Path:
    """By the path's suffixes: `.multi.bz2` has a stream for so many pages, as Wikimedia's have; `.torn.bz2` streams
    that end anywhere, at the bytes `cut`."""
    made = [page_xml(number, title, text) for number, (title, text) in enumerate(pages.items())]
    whole = (head + "".join(made) + TAIL).encode()
    if path.name.endswith(".multi.bz2"):
        groups = ["".join(made[first : first + at_once]) for first in range(0, len(made), at_once)]
        path.write_bytes(b"".join(bz2.compress(each.encode()) for each in (head, *groups, TAIL)))
    elif path.name.endswith(".torn.bz2"):
        ends = [0, *cut, len(whole)]
        path.write_bytes(b"".join(bz2.compress(whole[a:b]) for a, b in pairwise(ends)))
    elif path.suffix == ".bz2":
        path.write_bytes(bz2.compress(whole))
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(whole))
    else:
        path.write_bytes(whole)
    return path
