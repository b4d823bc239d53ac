"""What a dump says of its wiki, before its first page."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass

from cem_toolkit.api import CemError
from cem_wiki.dump.streams import Piece

MOST = 1 << 20
FILE, CATEGORY = "6", "14"
"""The numbers of MediaWiki's namespaces of pictures and of categories."""


@dataclass(frozen=True, slots=True)
class Head:
    """`base` is what addresses of pages begin with; `unread` are the names of namespaces whose links are no text."""

    base: str
    language: str
    unread: frozenset[str]


def read_head(pieces: Iterable[Piece]) -> Head:
    """Raises CemError where it is not that of a MediaWiki export, or declares anything of its own, such as entities."""
    data = b""
    for piece in pieces:
        data += piece.data
        if b"<page>" in data or len(data) > MOST:
            break
    head = data.partition(b"<page>")[0].partition(b"</mediawiki>")[0]
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise CemError("it declares a document type, which no dump of MediaWiki's does")
    try:
        root = ET.fromstring(head + b"</mediawiki>")  # noqa: S314 (nothing is declared)
    except ET.ParseError as error:
        raise CemError(f"it is not a MediaWiki export ({error})") from None
    if root.tag.rpartition("}")[2] != "mediawiki":
        raise CemError(f"it is not a MediaWiki export but {root.tag!r}")
    spaces = {each.get("key"): each.text or "" for each in root.iterfind("{*}siteinfo/{*}namespaces/{*}namespace")}
    names = {"file", "image", "category", *(spaces.get(key, "").casefold() for key in (FILE, CATEGORY))}
    base = (root.findtext("{*}siteinfo/{*}base") or "").strip()
    return Head(
        base=f"{base.rpartition('/')[0]}/" if base.startswith(("http://", "https://")) else "",
        language=root.get("{http://www.w3.org/XML/1998/namespace}lang", ""),
        unread=frozenset(names - {""}),
    )
