"""A compressed file read in pieces, each with where its stream begins, so that reading can go on there."""

import bz2
import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cem_toolkit.api import CemError

READ = 1 << 18
"""Bytes read from the file at once."""
LAST = 1 << 22
"""Bytes at the end of the file that are looked at."""
PIECE = 1 << 20
"""Bytes of a piece at most, however well they were compressed."""
BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")
"""How a stream of bzip2 begins."""
END = b"</mediawiki>"


class Piece(NamedTuple):
    """Decompressed bytes of the stream that begins at `stream` in the file, of which `told` bytes are read so far."""

    stream: int
    told: int
    data: bytes


def read_pieces(path: Path, stream: int = 0) -> Iterator[Piece]:
    """The file from the stream that begins at `stream`. Raises CemError where it is broken or cut off.

    A multistream dump has streams of 100 pages each; any other bzip2 or gzip file is one long stream, and of a plain
    file each piece counts as one.
    """
    try:
        if path.suffix == ".bz2":
            yield from _read_bz2(path, stream)
        elif path.suffix == ".gz":
            yield from _read_gz(path)
        else:
            yield from _read_plain(path, stream)
    except (OSError, EOFError, zlib.error) as error:
        raise CemError(f"wiki: {path} is broken or cut off ({error}): download it again") from None


def check_end(path: Path) -> None:
    """Raises CemError where the file's last bytes show that it was cut off; what is compressed as one long stream does
    not show it before it is read."""
    begin = max(0, path.stat().st_size - LAST)
    if path.suffix == ".bz2":
        with path.open("rb") as file:
            file.seek(begin)
            streams = [found.start() for found in BZIP2.finditer(file.read())]
        begin += streams[-1] if streams else 0
    if path.suffix == ".gz" or (path.suffix == ".bz2" and not streams):
        return
    tail = b""
    for piece in read_pieces(path, begin):
        tail = (tail + piece.data)[-LAST:]
    if END not in tail:
        raise CemError(f"wiki: {path} is cut off, for it does not end with {END.decode()}: download it again")


def _read_bz2(path: Path, stream: int) -> Iterator[Piece]:
    with path.open("rb") as file:
        file.seek(stream)
        decompressor, data = bz2.BZ2Decompressor(), file.read(READ)
        while True:
            if piece := decompressor.decompress(data, PIECE):
                yield Piece(stream, file.tell(), piece)
            data = b""
            if decompressor.eof:
                rest = decompressor.unused_data
                stream = file.tell() - len(rest)
                data = rest or file.read(READ)
                if not data:
                    return
                decompressor = bz2.BZ2Decompressor()
            elif decompressor.needs_input:
                data = file.read(READ)
                if not data:
                    raise EOFError("it ends within a stream")


def _read_gz(path: Path) -> Iterator[Piece]:
    with path.open("rb") as file, gzip.GzipFile(fileobj=file) as unzipped:
        while piece := unzipped.read(PIECE):
            yield Piece(0, file.tell(), piece)


def _read_plain(path: Path, stream: int) -> Iterator[Piece]:
    with path.open("rb") as file:
        file.seek(stream)
        while piece := file.read(READ):
            yield Piece(stream, file.tell(), piece)
            stream = file.tell()
