"""Word (.docx): paragraphs under headings, lists, and tables row by row."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cem_docs.blocks import Block, Document, Outline
from cem_docs.readers import tables, zips

if TYPE_CHECKING:
    from docx.document import Document as Word
    from lxml.etree import _Element as Element

SPACE = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
"""Says again, for old programs, what stands beside it."""
CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


def read(path: Path) -> Iterator[Document]:
    import docx

    zips.check(path)
    word = docx.Document(str(path))
    yield Document(_blocks(word), word.core_properties.title)


def _blocks(word: "Word") -> Iterator[Block]:
    from lxml import etree

    levels = {style.style_id: _level(style) for style in word.styles}
    body = word.element.body
    etree.strip_elements(body, FALLBACK, with_tail=False)
    outline = Outline()
    walk: Any = etree.iterwalk(body, events=("start", "end"), tag=(SPACE + "p", SPACE + "tbl"))
    for event, element in walk:
        if element.tag == SPACE + "tbl":
            if event == "start":
                for row in tables.sentences(_rows(element)):
                    yield Block(outline.path, row)
                walk.skip_subtree()
        elif event == "end" and (text := _text(element)):
            style, numbered = (element.find(f"{SPACE}pPr/{SPACE}{name}") for name in ("pStyle", "numPr"))
            name = "" if style is None else style.get(SPACE + "val") or ""
            if not ((level := levels.get(name, 0)) and outline.enter(level, text)):
                yield Block(outline.path, f"- {text}" if numbered is not None or name.startswith("List") else text)


def _level(style: Any) -> int:
    """1 for the style of titles, 2 for that of headings of the first level, and so on; 0 for others."""
    for _ in range(10):  # a style may be based on another, and, in a broken file, on itself
        if style is None or not style.name:
            return 0
        if style.name.casefold() == "title":
            return 1
        if found := re.fullmatch(r"heading ([1-9])", style.name.casefold()):
            return int(found[1]) + 1
        style = getattr(style, "base_style", None)
    return 0


def _text(paragraph: "Element") -> str:
    """The paragraph's own text: without what was deleted in tracked changes, and without text boxes, whose paragraphs
    come by themselves."""
    from lxml import etree

    said: list[str] = []
    walk: Any = etree.iterwalk(paragraph, events=("start",))
    for _, element in walk:
        name = element.tag.removeprefix(SPACE) if isinstance(element.tag, str) else ""
        if name == "t":
            said.append(element.text or "")
        elif name == "txbxContent":
            walk.skip_subtree()
        else:
            said.append(CHARACTERS.get(name, ""))
    return "".join(said).strip()


def _rows(table: "Element") -> Iterator[list[str]]:
    for row in table.iterchildren(SPACE + "tr"):
        yield [" ".join(_text(paragraph) for paragraph in cell.iter(SPACE + "p")) for cell in row.iter(SPACE + "tc")]
