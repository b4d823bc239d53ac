"""GGUF files: is one whole, and its dequantized copy in the cache.

The layout is that of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import contextlib
import io
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from cem_toolkit.errors import CemError
from cem_toolkit.files import file_hash, name_beside

SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
STRING, ARRAY = 8, 9
LIMIT = 1 << 32
"""No count or length in a sane header reaches this; a broken one must not make us allocate."""


def check_gguf(path: Path) -> None:
    """Raises CemError where `path` is no GGUF file or is cut short. Reads the header only: a quarter of a second."""
    try:
        from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
    except ImportError:
        raise CemError(f"{path}: reading GGUF files takes the package gguf: pip install 'cem-toolkit[gguf]'") from None
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise CemError(f"{path}: is no GGUF file (it does not begin with GGUF)")
        try:
            (version,) = _unpack(file, "<I")
            if version not in (2, 3):
                raise CemError(f"{path}: is GGUF version {version}; versions 2 and 3 can be read")
            tensors, values = _unpack(file, "<QQ")
            alignment = 32
            for _ in range(_sane(values)):
                key = _string(file)
                (kind,) = _unpack(file, "<I")
                if key == b"general.alignment":
                    (alignment,) = _unpack(file, "<I")
                else:
                    _skip(file, kind)
            end = 0
            for _ in range(_sane(tensors)):
                _string(file)
                (dimensions,) = _unpack(file, "<I")
                shape = _unpack(file, f"<{_sane(dimensions)}Q")
                kind, offset = _unpack(file, "<IQ")
                block, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(kind)]
                elements = 1
                for length in shape:
                    elements *= length
                end = max(end, offset + elements // block * block_bytes)
            start = -(-file.tell() // alignment) * alignment
        except (EOFError, ValueError, KeyError, OverflowError, MemoryError, ZeroDivisionError) as error:
            raise CemError(
                f"{path}: is cut short or broken within its header ({size:,} bytes): {error}; fetch it again"
            ) from None
    if size < start + end:
        raise CemError(
            f"{path}: is cut short: its tensors end at byte {start + end:,}, the file at {size:,}; fetch it again"
        )


def unpacked(path: Path, cache: Path) -> Path:
    """Where the plain copy of the model in `path` lies, or would lie: named by the file's content."""
    return cache / "models" / f"gguf-{file_hash(path)[:16]}"


def dequantize(path: Path, target: Path, log: Callable[[str], None]) -> None:
    """Makes the plain copy: loading it later takes a fraction of a second.

    Written beside its place and renamed, so that a broken-off try leaves nothing that would be taken for a model.
    """
    log(f"unpacking {path.name} to plain weights, once (under a minute for 270M parameters)")
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = name_beside(target)
    beside.mkdir()
    try:
        _convert(path, beside)
        with contextlib.suppress(FileExistsError):  # another process may have been faster: its copy is the same
            os.rename(beside, target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _convert(path: Path, folder: Path) -> None:
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    except ImportError as error:
        raise CemError(f"{path}: loading a GGUF file takes torch and transformers 5.20 or later: {error}") from None
    with contextlib.redirect_stderr(io.StringIO()):  # bars of two kinds, and advice on how to stay quantized
        # Quantized weights carry less than bfloat16 does.
        model = AutoModelForCausalLM.from_pretrained(
            path.parent,
            gguf_file=path.name,
            quantization_config=GgufConfig(dequantize=True),
            dtype=torch.bfloat16,
            trust_remote_code=False,
        )
        tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name, trust_remote_code=False)
        model.hf_quantizer = None  # else the copy would claim to be quantized still
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def _unpack(file: BinaryIO, form: str) -> tuple[int, ...]:
    size = struct.calcsize(form)
    data = file.read(size)
    if len(data) < size:
        raise EOFError("the end comes too early")
    return struct.unpack(form, data)


def _sane(count: int) -> int:
    if count >= LIMIT:
        raise ValueError(f"a count of {count}")
    return count


def _string(file: BinaryIO) -> bytes:
    (length,) = _unpack(file, "<Q")
    if length > 1 << 20:  # a name or key
        raise ValueError(f"a name of {length} bytes")
    return file.read(length)


def _skip(file: BinaryIO, kind: int, depth: int = 0) -> None:
    if kind == STRING:
        (length,) = _unpack(file, "<Q")
        file.seek(_sane(length), os.SEEK_CUR)
    elif kind == ARRAY:
        if depth > 3:
            raise ValueError("arrays nested too deep")
        inner, count = _unpack(file, "<IQ")
        if inner in SCALAR_BYTES:
            file.seek(SCALAR_BYTES[inner] * _sane(count), os.SEEK_CUR)
        else:
            for _ in range(_sane(count)):
                _skip(file, inner, depth + 1)
    else:
        file.seek(SCALAR_BYTES[kind], os.SEEK_CUR)
