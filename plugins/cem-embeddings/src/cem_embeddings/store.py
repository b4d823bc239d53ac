"""Documents with their vectors on disk: written once, block by block, and gone on with where a try was interrupted."""

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from cem_toolkit.api import Passage, replacing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK = 512
"""Documents that are encoded and written together: what an interruption loses at most."""
NOTED = ("title", "text", "url", "revision", "licence")

Embed = Callable[[Sequence[str]], "NDArray[np.float32]"]


class Store:
    """Three files in `folder`, a row in each for every document: its JSON in a line, where that line begins, and its
    vector.

    A fourth, `whole.json`, is written when all are there. Until then a row counts when all three files have it.
    """

    def __init__(self, folder: Path, dtype: str) -> None:
        import numpy as np

        self._dtype = np.dtype(dtype)
        self._texts, self._offsets = folder / "documents.jsonl", folder / "offsets.uint64"
        self._vectors, self._whole = folder / f"vectors.{dtype}", folder / "whole.json"
        self._folder = folder

    @property
    def whole(self) -> bool:
        return self._whole.is_file()

    def __len__(self) -> int:
        return int(self._facts()["documents"])

    def vectors(self) -> "NDArray[Any]":
        """A row for every document, read from the disk as it is looked at."""
        import numpy as np

        return np.memmap(self._vectors, self._dtype, "r", shape=(len(self), self._facts()["dimension"]))

    def read(self, rows: Iterable[int]) -> Iterator[dict[str, str]]:
        """The title, text, url, revision and licence of documents."""
        import numpy as np

        offsets = np.memmap(self._offsets, np.uint64, "r", shape=(len(self),))
        with self._texts.open("rb") as file:
            for row in rows:
                file.seek(int(offsets[row]))
                yield json.loads(file.readline())

    def fill(self, documents: Iterable[Passage], embed: Embed, dimension: int, done: Callable[[float], None]) -> None:
        """Encodes and keeps all documents, but for those at the beginning that are kept already. Another process that
        fills the same store is waited for."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock, contextlib.closing(_lines(documents)) as lines:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.whole:
                return
            kept, left = self._agreeing(lines, dimension)
            done(kept)
            with (
                self._texts.open("ab") as texts,
                self._offsets.open("ab") as offsets,
                self._vectors.open("ab") as vectors,
            ):
                while block := list(islice(left, BLOCK)):
                    encoded = embed([f"{one['title']}\n{one['text']}" for one in map(json.loads, block)])
                    self._append(block, encoded, texts, offsets, vectors)
                    kept += len(block)
                    done(len(block))
            with replacing(self._whole) as beside:
                beside.write_text(json.dumps({"documents": kept, "dimension": dimension}))

    def _append(
        self,
        block: Sequence[bytes],
        encoded: "NDArray[np.float32]",
        texts: IO[bytes],
        offsets: IO[bytes],
        vectors: IO[bytes],
    ) -> None:
        """The vectors come last, so that rows whose vector is there are there altogether."""
        import numpy as np

        begin = texts.seek(0, os.SEEK_END)
        begins = begin + np.cumsum([0, *(len(line) for line in block[:-1])])
        for file, content in (
            (texts, b"".join(block)),
            (offsets, begins.astype(np.uint64).tobytes()),
            (vectors, np.nan_to_num(encoded).astype(self._dtype).tobytes()),
        ):
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def _agreeing(self, lines: Iterator[bytes], dimension: int) -> tuple[int, Iterator[bytes]]:
        """How many documents at the beginning are those that are kept, and the lines of all after them. The files are
        cut to the whole blocks that agree."""
        row = dimension * self._dtype.itemsize
        sizes = (self._offsets, 8), (self._vectors, row)
        rows = min(path.stat().st_size // each if path.exists() else 0 for path, each in sizes)
        rows -= rows % BLOCK  # so that documents are encoded in the same blocks as without an interruption
        same, begin, block = 0, 0, list[bytes]()
        if rows and self._texts.exists():
            with self._texts.open("rb") as file:
                while same < rows:
                    block = list(islice(lines, BLOCK))
                    if len(block) < BLOCK or any(file.readline() != line for line in block):
                        break
                    same, begin, block = same + BLOCK, begin + sum(map(len, block)), []
        for path, size in ((self._texts, begin), (self._offsets, same * 8), (self._vectors, same * row)):
            path.touch()
            os.truncate(path, size)
        return same, chain(block, lines)

    def _facts(self) -> dict[str, int]:
        facts: dict[str, int] = json.loads(self._whole.read_bytes())
        return facts


def _lines(documents: Iterable[Passage]) -> Generator[bytes, None, None]:
    for document in documents:
        noted = {name: getattr(document, name) for name in NOTED}
        yield json.dumps(noted).encode() + b"\n"
