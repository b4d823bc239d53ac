import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import CemError, Context
from cem_toolkit.searching import encoder as module
from cem_toolkit.searching.encoder import Encoder, find_encoder

TEXTS = ["A cat sleeps.", "The kitten is asleep.", "Steel is made in furnaces."]


@pytest.fixture
def encoder(offline: Any, tmp_path: Path, hybrid: dict[str, str]) -> Encoder:
    ctx = Context(**{**vars(offline.ctx), "cache": tmp_path / "vectors"})
    return Encoder(find_encoder("wiki", hybrid["encoder"], ctx), ctx)


@pytest.fixture
def encoded(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were encoded, in all."""
    seen: list[str] = []
    embed = encoder._embedder.embed
    monkeypatch.setattr(encoder._embedder, "embed", lambda texts, done: seen.extend(texts) or embed(texts, done))
    return seen


def test_what_means_the_same_is_near(encoder: Encoder) -> None:
    cat, kitten, steel = encoder.encode_pages(TEXTS)
    assert cat @ cat == pytest.approx(1)
    assert cat @ kitten > 0.5
    assert cat @ steel < 0.2
    assert encoder.encode_questions(TEXTS[:1])[0] @ cat == pytest.approx(1)


def test_a_page_is_encoded_once(encoder: Encoder, encoded: list[str]) -> None:
    first = encoder.encode_pages([*TEXTS[:2], TEXTS[0]])
    assert encoded == TEXTS[:2]
    assert (first[0] == first[2]).all()
    again = encoder.encode_pages(TEXTS)
    assert encoded == TEXTS
    assert all((one == other).all() for one, other in zip(first, again[:2], strict=False))


def test_another_encoder_s_vectors_are_not_taken(
    offline: Any, tmp_path: Path, hybrid: dict[str, str], encoder: Encoder, encoded: list[str]
) -> None:
    ctx = Context(**{**vars(offline.ctx), "cache": tmp_path / "vectors"})
    model = find_encoder("wiki", hybrid["encoder"], ctx)
    Encoder(replace(model, fingerprint="another"), ctx).encode_pages(TEXTS)
    encoder.encode_pages(TEXTS)
    assert encoded == TEXTS


@pytest.mark.parametrize("size", [0, 100, -100], ids=["empty", "its start", "without its end"])
def test_broken_vectors_are_made_again(encoder: Encoder, encoded: list[str], size: int) -> None:
    whole = encoder.encode_pages(TEXTS)
    encoder._file.write_bytes(encoder._file.read_bytes()[:size])
    assert all((one == other).all() for one, other in zip(whole, encoder.encode_pages(TEXTS), strict=True))
    assert encoded == TEXTS * 2


def test_a_folder_starts_where_the_configuration_lies(offline: Any, hybrid: dict[str, str]) -> None:
    (offline.folder / "small").symlink_to(hybrid["encoder"])
    assert find_encoder("wiki", "small", offline.ctx).path == offline.folder / "small"


def test_a_pickle_is_refused(offline: Any) -> None:
    folder = offline.folder / "old"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(CemError, match=r"^wiki: encoder: model .*pickle"):
        find_encoder("wiki", "old", offline.ctx)


def test_missing_libraries_are_named_with_the_command(offline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None if name == "torch" else find(name))
    with pytest.raises(CemError, match="ranking: hybrid needs torch: pip install torch transformers"):
        find_encoder("wiki", "anything", offline.ctx)
