"""What a browser would not show."""

import re
from typing import Any

UNSEEN = ("script", "style", "template", "noscript", "iframe", "object", "svg", "math", "dialog", "datalist", "select")
STYLE = re.compile(
    r"display:none|visibility:(hidden|collapse)|opacity:0(\.0+)?(;|$|!)|font-size:0(\.\d*)?(px|pt|em|rem|%)?(;|$|!)"
    r"|text-indent:-\d{3,}|(left|top|right):-\d{3,}|clip:rect\(0|clip-path:inset\((50|100)%|transform:scale\(0\)"
)
"""Of an inline style without white space, in lower case."""

MARK = "not-shown"


def remove_hidden(tree: Any) -> None:
    """Takes out of the lxml `tree` (without comments) what its markup hides: elements that show nothing, and by the
    attributes `hidden` and `aria-hidden` and by inline styles. What a style sheet or a script hides is not seen: that
    would take a browser."""
    from lxml import etree

    for element in list(tree.iter(etree.Element)):
        if element.tag not in ("html", "body") and _is_hidden(element):
            element.tag = MARK
    etree.strip_elements(tree, MARK, with_tail=False)


def _is_hidden(element: Any) -> bool:
    shown_to = element.get("aria-hidden", "").strip().lower()
    if element.tag in UNSEEN or "hidden" in element.attrib or shown_to == "true":
        return True
    style = "".join(element.get("style", "")[:2000].lower().split())
    return STYLE.search(style) is not None
