"""A page's main text, title, date, licence and language. Runs in the child process."""

import re
import sys
from typing import Any
from urllib.parse import unquote, urlsplit

from cem_search.fetching.fetcher import PLAIN, RESERVED, reserves
from cem_search.reading.encodings import decode
from cem_search.reading.hidden import remove_hidden

MOST_ELEMENTS = 50_000
"""Of one page: a long article of Wikipedia has 20,000. Finding the text of so many takes seconds."""
LONGEST_TEXT = 200_000
"""Characters kept of one page; `max_chars` cuts later."""
UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML may hold. Pages hold it, and libxml2 keeps it, but lxml copies no text with it."""
REFERENCE = re.compile(r"&#(?:[xX]0*([0-9a-fA-F]{1,6})(?![0-9a-fA-F])|0*([0-9]{1,7})(?![0-9]));?")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_page(body: bytes, type: str, charset: str, url: str) -> dict[str, str]:
    """The fields of `Text`, or `refused` (of which kind) and `reason`."""
    text = decode(body, charset)
    if type == PLAIN:
        title = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2]
        return _text(title or url, text) if text.strip() else _refused("no text", "an empty file")
    from lxml import etree, html

    # libxml2 itself refuses elements within more than 256 others, which trafilatura would recurse into.
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)
    try:
        tree = html.document_fromstring(fit(text).encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        return _refused("unreadable", f"no HTML: {error}"[:200])
    if sum(1 for _ in tree.iter()) > MOST_ELEMENTS:
        return _refused("unreadable", f"more than {MOST_ELEMENTS} elements")
    if _reserved(tree):
        return _refused(RESERVED, "by a meta element")
    return _read_tree(tree, url)


def _read_tree(tree: Any, url: str) -> dict[str, str]:
    import trafilatura

    language = (tree.get("lang") or "").strip().lower().replace("_", "-")[:20]
    # Before anything is taken out, for dates and licences stand in scripts (JSON-LD), too. Only what the page states:
    # htmldate would otherwise take any date in the text for the page's.
    try:
        about = trafilatura.extract_metadata(tree, default_url=url, extensive=False)
        remove_hidden(tree)
        text = trafilatura.extract(tree, url=url, include_comments=False, with_metadata=False, include_formatting=False)
    except ValueError as error:  # of lxml, about a string that it takes from a page and gives to none
        return _refused("unreadable", f"no text can be taken out: {error}"[:200])
    if not text or not text.strip():
        return _refused("no text", "no main text was found")
    date = about.date if about.date and DATE.fullmatch(about.date) else ""
    return _text(about.title or url, text, date, about.license or "", language)


def fit(text: str) -> str:
    """The page with a space in the place of each control character and of each reference to one: any would cost it its
    text."""
    return REFERENCE.sub(_fit_reference, UNFIT.sub(" ", text))


def _fit_reference(found: re.Match[str]) -> str:
    number = int(found[1], 16) if found[1] else int(found[2])
    return " " if number > sys.maxunicode or UNFIT.match(chr(number)) else found[0]


def _reserved(tree: Any) -> bool:
    metas = {str(meta.get("name", "")).lower(): str(meta.get("content", "")) for meta in tree.iter("meta")}
    return reserves(metas.get("robots", ""), metas.get("tdm-reservation", ""))


def _text(title: str, text: str, date: str = "", licence: str = "", language: str = "") -> dict[str, str]:
    fields = {"title": " ".join(title.split())[:300], "text": text[:LONGEST_TEXT], "date": date}
    return fields | {"licence": licence[:200], "language": language}


def _refused(kind: str, reason: str) -> dict[str, str]:
    return {"refused": kind, "reason": reason}
