"""Bytes to text."""

import codecs

from cem_docs.blocks import Unreadable

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before that of UTF-16, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
GUESSED_FROM = 100_000
"""Bytes that an encoding is guessed from."""


def decode(data: bytes, declared: str = "") -> str:
    """`data` as text: by its byte order mark, as UTF-8, by the encoding `declared`, or as what it looks like.

    Raises Unreadable where that gives no text: a binary file.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _decode(data, encoding)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = _decode(data, declared or _guess(data))
    else:
        if "\0" in text:  # UTF-16 of ASCII letters is valid UTF-8, too
            text = _decode(data, _guess(data))
    if "\0" in text:
        raise Unreadable("binary", "holds NUL characters")
    return text


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise Unreadable("of an unknown encoding", f"is not {encoding}; save it as UTF-8") from None


def _guess(data: bytes) -> str:
    import chardet

    # An even number of bytes, for UTF-16.
    encoding = chardet.detect(data[:GUESSED_FROM])["encoding"]
    if not encoding:
        raise Unreadable("binary", "looks like no text of any encoding")
    return encoding
