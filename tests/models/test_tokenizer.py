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


def test_no_second_copy_of_the_vocabulary_is_kept(tmp_path: Path) -> None:
    from transformers import AutoTokenizer, GemmaTokenizer

    pieces = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "a", "b", "ab", "▁"]
    GemmaTokenizer(vocab=dict(zip(pieces, range(9), strict=True)), merges=[("a", "b")]).save_pretrained(tmp_path)
    plain, read = AutoTokenizer.from_pretrained(tmp_path), load_tokenizer(tmp_path)
    assert isinstance(read, GemmaTokenizer)
    assert vars(plain).keys() - vars(read).keys() == {"_vocab", "_merges"}
    assert read.get_vocab() == plain.get_vocab()
    assert read("ab a") == plain("ab a")
    read.save_pretrained(tmp_path / "again")
    assert AutoTokenizer.from_pretrained(tmp_path / "again")("ab a") == plain("ab a")
