"""HTML pages to plain text: paragraphs and lists as lines, without tables, notes, pictures and what only steers a page.

libxml2 reads any bytes as some page: it mends what is broken, and gives up a page below 256 open elements or at texts
of 10 MB, in linear time.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

# fmt: off
DROPPED_TAGS = frozenset((
    "annotation", "aside", "audio", "button", "figure", "footer", "form", "h1", "head", "header", "iframe", "img",
    "input", "nav", "noscript", "object", "script", "select", "style", "svg", "table", "template", "textarea", "video",
))
DROPPED_CLASSES = frozenset((
    "ambox", "catlinks", "coordinates", "dablink", "external-footer", "gallery", "geo-nondefault", "hatnote", "infobox",
    "metadata", "mw-cite-backlink", "mw-editsection", "mw-empty-elt", "mw-jump-link", "mw-references-wrap", "navbox",
    "noprint", "printfooter", "reference", "references", "reflist", "shortdescription", "sidebar", "thumb", "toc",
))
DROPPED_IDS = frozenset(("coordinates", "siteSub", "contentSub", "toc"))
BLOCKS = frozenset((
    "address", "article", "blockquote", "body", "br", "center", "dd", "details", "div", "dl", "dt", "h2", "h3", "h4",
    "h5", "h6", "hr", "li", "main", "ol", "p", "pre", "section", "summary", "ul",
))
# fmt: on
HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
WEB = re.compile(r"(utf|iso|latin|windows|cp|koi8|gb|big5|shift|euc)[0-9a-z_-]{0,16}", re.IGNORECASE)
"""Encodings of the web; Python knows others that are none of texts, or take for ever."""
SECTION = re.compile(rb"<h2[\s>]", re.IGNORECASE)
SECTIONS = 3
"""Headings that are looked behind for an introduction, at most: a table before it may have one."""
MOST = 4_000_000
"""Bytes of a page that are read."""


def introduction(html: bytes, encoding: str = "") -> str:
    """What stands before the first section; where that is nothing, the text until a later one."""
    for number, heading in enumerate(SECTION.finditer(html[:MOST])):
        text = whole_text(html[: heading.start()], encoding)
        if text or number == SECTIONS:
            return text
    return whole_text(html, encoding)


def whole_text(html: bytes, encoding: str = "") -> str:
    """All text of a page. Bytes that are not of the encoding, UTF-8 where none is known, become U+FFFD."""
    from lxml import html as lxml_html
    from lxml.etree import ParserError

    try:
        text = html[:MOST].decode(encoding if WEB.fullmatch(encoding) else "utf-8", "replace")
    except LookupError:
        text = html[:MOST].decode("utf-8", "replace")
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        page = lxml_html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except ParserError:  # nothing at all
        return ""
    lines = "".join(_pieces(page)).split("\n")
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def _pieces(page: "_Element") -> Iterator[str]:
    """Texts in their order, and a line's end around every block."""
    from lxml.etree import iterwalk

    walk = iterwalk(page, events=("start", "end"))
    for event, element in walk:
        block = "\n" if element.tag in BLOCKS else ""
        if event == "end":
            yield block + _spaced(element.tail)
        elif _dropped(element):
            walk.skip_subtree()
        else:
            yield block + _spaced(element.text)


def _spaced(text: str | None) -> str:
    """`text` without line ends, which mean nothing in HTML."""
    return re.sub(r"\s", " ", text) if text else ""


def _dropped(element: "_Element") -> bool:
    if element.tag in DROPPED_TAGS or element.get("hidden") is not None or element.get("id") in DROPPED_IDS:
        return True
    if not DROPPED_CLASSES.isdisjoint((element.get("class") or "").split()):
        return True
    return bool(HIDDEN.search(element.get("style") or ""))
