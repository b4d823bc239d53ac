"""A body of a limited length, however well it is packed."""

import zlib
from collections.abc import Iterable

from cem_search.fetching.failures import PassingError, RefusedError

TOO_LONG = "too long"


def read_body(chunks: Iterable[bytes], coding: str, max_bytes: int, *, cut: bool = False) -> bytes:
    """The body that `chunks` are, unpacked: at most `max_bytes`, as sent and as unpacked.

    It is unpacked while it is read, never beyond the limit: a small body that unpacks to gigabytes costs no more than
    any other. With `cut` the beginning of a longer one is given. Raises RefusedError where it is longer, or packed in
    a way that was not asked for, and PassingError where its end is missing.
    """
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise RefusedError("unreadable", f"packed as {coding[:40]!r}, which was not asked for")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if coding.endswith("gzip") else None
    body, sent = bytearray(), 0
    for chunk in chunks:
        sent += len(chunk)
        if unpack is None:
            body += chunk
        elif not unpack.eof:
            try:
                body += unpack.decompress(chunk, max_bytes + 1 - len(body))
            except zlib.error:
                raise RefusedError("unreadable", "broken gzip") from None
        if len(body) > max_bytes or sent > max_bytes:
            if cut:
                return bytes(body[:max_bytes])
            raise RefusedError(TOO_LONG, f"more than {max_bytes} bytes")
    if unpack is not None and not unpack.eof:
        raise PassingError("no whole answer", "the gzip stream ends early")
    return bytes(body)
