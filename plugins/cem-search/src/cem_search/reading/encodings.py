"""Bytes to characters, whatever their sender says they are."""

import codecs
import re
from collections.abc import Iterator

STATED = re.compile(rb"""<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}["']?([a-zA-Z0-9_:.-]{2,40})""", re.IGNORECASE)
"""In the first 1024 bytes, as the HTML standard has it."""
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
WEB = re.compile(
    r"utf-?8|utf-?16(le|be)?|us-ascii|ascii|iso-?8859-?\d+|latin-?\d|windows-?\d+|cp\d+|koi8-[ru]|gb2312|gbk|gb18030"
    r"|big5(-hkscs)?|shift[_-]?jis|euc-(jp|kr)|iso-2022-jp|mac(intosh|-?roman|-?cyrillic)|tis-620"
)
"""Encodings of the web; Python knows others that are not even of characters."""
LATIN = {"iso-8859-1", "iso8859-1", "latin-1", "latin1", "us-ascii", "ascii"}
"""Names under which the web sends windows-1252 (WHATWG Encoding Standard)."""
SAMPLE = 100_000
"""Bytes that a guess looks at."""


def decode(body: bytes, charset: str) -> str:
    """The text of `body`: by its byte order mark, `charset` (the HTTP header's), its `<meta>`, as UTF-8 or by a guess,
    whichever fits first. Bytes that fit nothing become U+FFFD."""
    for name in _candidates(body, charset.lower()):
        try:
            return body.decode("cp1252" if name in LATIN else name)
        except (LookupError, UnicodeError):
            continue
    return body.decode("utf-8", "replace")


def _candidates(body: bytes, charset: str) -> Iterator[str]:
    yield from (name for mark, name in MARKS if body.startswith(mark))
    stated = [charset, *(found.decode("ascii").lower() for found in STATED.findall(body[:1024])[:1])]
    for name in stated:
        if WEB.fullmatch(name) and (b"\0" in body[:1024] or not name.startswith(("utf16", "utf-16"))):
            yield name  # UTF-16 of a page's markup has zeros; nearly all else would pass for Chinese
    yield "utf-8"
    from charset_normalizer import from_bytes

    guess = from_bytes(body[:SAMPLE]).best()
    if guess is not None:
        yield guess.encoding
