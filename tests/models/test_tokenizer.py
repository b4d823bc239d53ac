"""A tokenizer is read once for all folders that have the same."""

import shutil
from pathlib import Path

from cem_toolkit.api import load_tokenizer
from cem_toolkit.testing import make_tiny_model


def test_a_trained_model_has_its_starts_tokenizer(tmp_path: Path) -> None:
    start = make_tiny_model(tmp_path / "start", ["some words"]).path
    read = load_tokenizer(start)
    trained = shutil.copytree(start, tmp_path / "trained")
    (trained / "model.safetensors").write_bytes(b"other weights")
    assert load_tokenizer(trained) is read
    for file in ("chat_template.jinja", "extra/vocab.txt"):
        (trained / file).parent.mkdir(exist_ok=True)
        (trained / file).write_text("{{ messages[0].content }}")
        other = load_tokenizer(trained)
        assert other is not read and other.get_vocab() == read.get_vocab()
        read = other
    assert load_tokenizer(start) is not read
    assert load_tokenizer(start, trust_remote_code=True) is not load_tokenizer(start)
