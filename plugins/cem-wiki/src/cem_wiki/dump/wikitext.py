"""Wikitext to plain text: what a reader would see, without templates, tables, notes, pictures and categories."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from cem_wiki.dump.templates import read_template

HEADING = re.compile(r"^==[^\n]*==[ \t]*$", re.MULTILINE)
SECTION = re.compile(r"^(?===[^\n]*==[ \t]*$)", re.MULTILINE)
UNREAD = (
    "gallery|graph|hiero|imagemap|indicator|mapframe|math|ref|score|section|syntaxhighlight|templatestyles|timeline"
)
PAIRED = re.compile(rf"<!--|-->|<(/?)({UNREAD})\b[^<>]*?(/?)>", re.IGNORECASE)
STYLE = re.compile(r"'{2,5}|__[A-Z]+__|-\{|\}-")
EMPTIED = re.compile(r"\(\s*[;,:]?\s*\)|(?<=\()\s*[;,]\s*|\s*[;,]\s*(?=\))|\s+(?=,)")
"""What templates leave behind: brackets of which they were all, the first or the last, and spaces before commas."""
PREFIX = re.compile(r"[a-z]{2,3}(-[a-z]+)*$")
BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
TAG = re.compile(r"<[a-z]", re.IGNORECASE)
PAIRS = (("[[", "]]"), ("[http", "]"), ("{|", "|}"), ("{{", "}}"))
MOST, MOST_OF_SECTION = 200_000, 50_000
"""Characters of a page, and of one of its sections, that are read: about 30,000 words."""
MOST_OPEN = 500
"""Things begun and not ended in a section that is read. The parser's time grows with their square."""


def introduction(text: str, unread: Collection[str]) -> str:
    """What stands before the first heading; where that is nothing, the first section that has text. Links into the
    namespaces `unread` are left out."""
    return next(filter(None, (_to_text(section, unread) for section in HEADING.split(_readable(text)))), "")


def whole_text(text: str, unread: Collection[str]) -> str:
    """All that is text, with the headings of the sections that have some."""
    sections = (_to_text(section, unread) for section in SECTION.split(_readable(text)))
    return "\n".join(found for number, found in enumerate(sections) if "\n" in found or (found and number == 0))


def _readable(text: str) -> str:
    return BREAK.sub("\n", without_notes(text[:MOST]))


def _to_text(section: str, unread: Collection[str]) -> str:
    """`section` as lines; "" where it is too tangled to be a text."""
    import mwparserfromhell

    section = section[:MOST_OF_SECTION]
    if _count_open(section) > MOST_OPEN:
        return ""
    plain = "".join(_pieces(mwparserfromhell.parse(section, skip_style_tags=True), unread))
    lines = (" ".join(EMPTIED.sub("", line).split()) for line in STYLE.sub("", plain).split("\n"))
    return "\n".join(line for line in lines if any(map(str.isalnum, line)))


def _count_open(text: str) -> int:
    """How many tags, links, tables and templates begin in `text` more often than they end."""
    paired = sum(max(0, text.count(begin) - text.count(end)) for begin, end in PAIRS)
    return paired + max(0, len(TAG.findall(text)) - text.count("</") - text.count("/>"))


def without_notes(text: str) -> str:
    """`text` without comments and without elements whose content is no text of the page, `UNREAD`. A comment that does
    not end goes to the end of the page, as MediaWiki reads it; of other such elements the tags alone are cut."""
    kept, at, opened = [], 0, None
    for found in PAIRED.finditer(text):
        tag = found[2].casefold() if found[2] else "!"
        begins = found[0] == "<!--" if tag == "!" else not found[1]
        if opened is None and begins:
            if found[3]:
                kept.append(text[at : found.start()])
                at = found.end()
            else:
                opened = (tag, found.start())
        elif opened is not None and not begins and tag == opened[0]:
            kept.append(text[at : opened[1]])
            at, opened = found.end(), None
    end = opened[1] if opened and opened[0] == "!" else len(text)
    return "".join(kept) + PAIRED.sub("", text[at:end])


def _pieces(code: Any, unread: Collection[str]) -> Iterator[str]:
    from mwparserfromhell import nodes

    for node in code.nodes:
        match node:
            case nodes.Text():
                yield node.value
            case nodes.HTMLEntity():
                yield node.normalize()
            case nodes.Wikilink():
                yield from _link(node, unread)
            case nodes.ExternalLink():
                yield from _pieces(node.title, unread) if node.title else ()
            case nodes.Heading():
                yield "\n"
                yield from _pieces(node.title, unread)
                yield "\n"
            case nodes.Template():
                for argument in read_template(node):
                    yield from argument if isinstance(argument, str) else _pieces(argument, unread)
            case nodes.Tag():
                name = str(node.tag).strip().casefold()
                if name in ("br", "p", "div", "li", "blockquote"):
                    yield "\n"
                if name != "table" and node.contents:
                    yield from _pieces(node.contents, unread)


def _link(node: Any, unread: Collection[str]) -> Iterator[str]:
    title = str(node.title).strip()
    space, colon, _ = title.partition(":")
    if colon and (space.strip().casefold() in unread or (node.text is None and PREFIX.match(space))):
        return  # a picture, a category, or the same page in another language
    if node.text is None:
        yield title.removeprefix(":")
    else:
        yield from _pieces(node.text, unread)
