"""A body of a limited length, however well it is packed."""

import zlib

from cem_toolkit.searching.polite.failures import PassingError, RequestError


class Unpacking:
    """Unpacks while it is read, never beyond the limit: a small body that unpacks to gigabytes costs no more than any
    other."""

    def __init__(self, coding: str, max_bytes: int) -> None:
        """`coding` is the header Content-Encoding. Raises RequestError where it is not what was asked for: gzip or
        nothing."""
        coding = coding.strip().lower()
        if coding not in ("", "identity", "gzip", "x-gzip"):
            raise RequestError(f"packed as {coding[:40]!r}, which was not asked for")
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 16) if coding.endswith("gzip") else None
        self._max_bytes = max_bytes
        self._sent = self._length = 0

    def unpack(self, chunk: bytes) -> bytes:
        """What `chunk` of the body as sent is. Raises RequestError where the whole is longer than `max_bytes`, as sent
        or as unpacked, and PassingError where it is broken."""
        self._sent += len(chunk)
        try:
            data = self._zlib.decompress(chunk, self._max_bytes + 1 - self._length) if self._zlib else chunk
        except zlib.error:
            raise PassingError("broken gzip") from None
        self._length += len(data)
        if max(self._sent, self._length) > self._max_bytes:
            raise RequestError(f"the answer is longer than {self._max_bytes} bytes")
        return data

    def conclude(self) -> None:
        """Raises PassingError where the end is missing."""
        if self._sent and self._zlib and not self._zlib.eof:
            raise PassingError("the gzip stream ends early")
