"""HTML: what it says under its headings, without scripts, styles and navigation."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cem_docs.blocks import Block, Document, Outline, Unreadable
from cem_docs.readers import tables
from cem_docs.readers.encoding import decode

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

NO_TEXT = (
    *("button", "canvas", "embed", "iframe", "math", "nav", "noscript"),
    *("object", "script", "select", "style", "svg", "template", "textarea"),
)
HEADINGS = {f"h{level}": level for level in range(1, 7)}
INLINE = {
    *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i"),
    *("img", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup"),
    *("time", "tt", "u", "var", "wbr"),
}
"""Elements within a paragraph; all others begin or end one."""
DECLARED = re.compile(rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)


def read(path: Path) -> Iterator[Document]:
    data = path.read_bytes()
    declared = DECLARED.search(data[:2048])
    root = parse(decode(data, declared[1].decode("ascii", "replace") if declared else ""))
    yield Document(blocks(root), " ".join((root.findtext(".//title") or "").split()))


def parse(text: str) -> "Element":
    """The document's tree without what is no text. Raises Unreadable where elements are nested so deep that the parser
    would leave text out."""
    from lxml import etree

    if not text.strip():
        raise Unreadable("without text")
    parser: Any = etree.HTMLParser(encoding="utf-8", huge_tree=True, no_network=True)
    root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):
        raise Unreadable("broken", "elements are nested too deep")
    if root is None:
        raise Unreadable("without text")
    etree.strip_elements(root, *NO_TEXT, etree.Comment, etree.ProcessingInstruction, with_tail=False)
    return root


def blocks(root: "Element") -> Iterator[Block]:
    """The blocks of a tree or, of a table's cell, the paragraphs in it."""
    from lxml import etree

    outline, place = Outline(), ""
    paragraph = _Paragraph()
    walk: Any = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag, start = element.tag, event == "start"
        if start and (tag == "head" or element.get("hidden") is not None):
            walk.skip_subtree()
            continue
        if tag not in INLINE and tag != "br" and (text := paragraph.end()):
            level = 0 if start else HEADINGS.get(tag, 0)
            if level and outline.enter(level, text):
                place = element.get("id") or ""
            else:
                yield Block(outline.path, text, place)
        if start and tag == "table" and _is_data(element):
            for row in tables.sentences(_rows(element), header=element.find(".//th") is not None):
                yield Block(outline.path, row, place)
            walk.skip_subtree()
        elif start:
            paragraph.enter(element)
        else:
            paragraph.leave(element, within=element is not root)
    if text := paragraph.end():
        yield Block(outline.path, text, place)


class _Paragraph:
    """The text of inline elements, until a block begins or ends."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._mark = ""
        self._literal = 0
        """How many `pre` are open: in them white space counts."""

    def enter(self, element: "Element") -> None:
        self._literal += element.tag == "pre"
        if element.tag == "li":
            self._mark = "- "
        self._said.append("\n" * (element.tag == "br") + self._visible(element.text))

    def leave(self, element: "Element", within: bool) -> None:
        """`within`: whether the text after the element belongs to what is read."""
        self._literal -= element.tag == "pre"
        if within:
            self._said.append(self._visible(element.tail))

    def end(self) -> str:
        """What was said since the last end, "" for nothing; a list's item begins with a dash."""
        text = "".join(self._said)
        self._said.clear()
        if not self._literal:
            text = re.sub(r" *\n *", "\n", text).strip()
        if not text.strip():
            return ""
        text, self._mark = self._mark + text.rstrip().strip("\n"), ""
        return text

    def _visible(self, text: str | None) -> str:
        return (text or "") if self._literal else re.sub(r"\s+", " ", text or "")


def _is_data(table: "Element") -> bool:
    """Whether a table holds data, not a page's layout."""
    return next(table.iterdescendants("table", *HEADINGS), None) is None


def _rows(table: "Element") -> Iterator[list[str]]:
    for row in table.iter("tr"):
        yield [" ".join(block.text for block in blocks(cell)) for cell in row.iterchildren("td", "th")]
