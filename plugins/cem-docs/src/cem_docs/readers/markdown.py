"""Markdown (CommonMark with tables), by way of the HTML that it stands for."""

import re
from collections.abc import Iterator
from pathlib import Path

from cem_docs.blocks import Document, Unreadable
from cem_docs.readers.encoding import decode
from cem_docs.readers.html import blocks, parse

FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)", re.DOTALL)
TITLE = re.compile(r"^title:[ \t]*(['\"]?)(.+?)\1[ \t]*\r?$", re.MULTILINE)
DEEPEST = 200
"""Levels of nesting; a list in a list takes two."""


def read(path: Path) -> Iterator[Document]:
    from markdown_it import MarkdownIt

    text, title = decode(path.read_bytes()), ""
    if matter := FRONT_MATTER.match(text):
        text = text[matter.end() :]
        if found := TITLE.search(matter[1]):
            title = found[2]
    markdown = MarkdownIt("commonmark", {"maxNesting": DEEPEST}).enable(["table", "strikethrough"])
    tokens = markdown.parse(text)
    if any(token.level >= DEEPEST - 1 for token in tokens):  # the parser leaves out what comes after
        raise Unreadable("broken", "lists or quotes are nested too deep")
    yield Document(blocks(parse(markdown.renderer.render(tokens, markdown.options, {}))), title)
