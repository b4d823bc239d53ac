"""What a browser would not show."""

import re
from typing import Any

UNSEEN = ("script", "style", "template", "noscript", "iframe", "object", "svg", "math", "dialog", "datalist", "select")
STYLE = re.compile(
    r"display:none|visibility:(hidden|collapse)|opacity:0(\.0+)?(;|$|!)|font-size:0(\.\d*)?(px|pt|em|rem|%)?(;|$|!)"
    r"|text-indent:-\d{3,}|(left|top|right):-\d{3,}|clip:rect\(0|clip-path:inset\((50|100)%|transform:scale\(0\)"
)
"""Of an inline style without white space, in lower case."""


def remove_hidden(tree: Any) -> None:
    """Takes out of the lxml `tree` what its markup hides: elements that show nothing, the attributes `hidden` and
    `aria-hidden`, and inline styles. What a style sheet or a script hides is not seen: that would take a browser."""
    from lxml import etree

    for element in list(tree.iter(*UNSEEN, etree.Comment, etree.ProcessingInstruction)):
        _drop(element)
    for element in list(tree.iter(etree.Element)):
        if _is_hidden(element):
            _drop(element)


def _is_hidden(element: Any) -> bool:
    if "hidden" in element.attrib or element.get("aria-hidden", "").strip().lower() == "true":
        return True
    style = "".join(element.get("style", "")[:2000].lower().split())
    return STYLE.search(style) is not None


def _drop(element: Any) -> None:
    """Without the text that follows it, which is its parent's."""
    parent = element.getparent()
    if parent is None or element.tag in ("html", "body"):
        return
    if element.tail:
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
    parent.remove(element)
