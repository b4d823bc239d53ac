"""Whether two models have the same weights, whatever their files are called and say besides."""

import hashlib
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cem_toolkit.records import Model

CHUNK = 1 << 20


def same_weights(one: Model, other: Model) -> bool:
    """Whether both would answer alike: the tensors that they have in common are equal, byte by byte, or an adapter is
    all that tells them apart and does nothing. Reads the files through."""
    if one.adapter is None and other.adapter is None:
        return _same(one.path, other.path)
    if not _same(one.path, other.path):
        return False
    if one.adapter is not None and other.adapter is not None:
        return _same(one.adapter, other.adapter)
    return _idle(one.adapter or other.adapter or one.path)


def _same(one: Path, other: Path) -> bool:
    if one == other:
        return True
    ours, theirs = dict(_tensors(one)), dict(_tensors(other))
    return all(ours[name] == theirs[name] for name in ours.keys() & theirs.keys())


def _idle(adapter: Path) -> bool:
    """Whether a LoRA adapter's second matrices are all zero, as they are before training."""
    second = [tensor for name, tensor in _tensors(adapter) if "lora_B" in name]
    return bool(second) and all(digest == hashlib.sha256(bytes(size)).hexdigest() for _, size, digest in second)


def _tensors(folder: Path) -> Iterator[tuple[str, tuple[str, int, str]]]:
    """Every tensor's name, with its format and shape, its size in bytes, and the hash of these."""
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            start, entries = _header(file)
            for name, entry in entries.items():
                begin, end = entry["data_offsets"]
                size = end - begin
                file.seek(start + begin)
                digest = hashlib.sha256()
                while begin < end and (data := file.read(min(CHUNK, end - begin))):
                    digest.update(data)
                    begin += len(data)
                yield name, (f"{entry['dtype']} {entry['shape']}", size, digest.hexdigest())


def _header(file: BinaryIO) -> "tuple[int, dict[str, dict[str, list[int]]]]":
    """Where the numbers begin, and the tensors' entries by name. Files are whole: they were checked or just written."""
    length = struct.unpack("<Q", file.read(8))[0]
    entries = json.loads(file.read(length))
    return 8 + length, {name: entry for name, entry in entries.items() if name != "__metadata__"}
