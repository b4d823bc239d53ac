"""Data for the page's script: JSON, gzipped, in base64, in numbered blocks that are unpacked only when they are needed.

Base64 has no `<`, so no text whatever can end the script element that holds it.
"""

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any


def pack(data: Any) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    raw = text.encode("utf-8", "replace")  # a lone surrogate is no text that a browser could show
    return base64.b64encode(gzip.compress(raw, 6, mtime=0)).decode("ascii")


class Blocks:
    """Items packed `size` to a block as they come; item number n is in block n // size."""

    def __init__(self, prefix: str, size: int) -> None:
        self.prefix = prefix
        self.size = size
        self.count = 0
        self._open: list[Any] = []
        self._packed: list[str] = []

    def add(self, item: Any) -> int:
        """Returns the item's number."""
        self._open.append(item)
        self.count += 1
        if len(self._open) == self.size:
            self._close()
        return self.count - 1

    def _close(self) -> None:
        self._packed.append(pack(self._open))
        self._open = []

    def packed(self) -> Iterator[tuple[str, str]]:
        """The blocks' element ids and contents."""
        if self._open:
            self._close()
        for number, block in enumerate(self._packed):
            yield f"{self.prefix}{number}", block
