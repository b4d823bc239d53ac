"""The index on disk: scores, reuse, and repair."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from cem_wiki.index import SETTINGS, open_index
from cem_wiki.tokens import make_tokenizer

DOCUMENTS = [["red", "sea", "sea"], ["black", "sea"], ["lake", "chad", "is", "a", "lake"], [], ["sea"]]


def refuse() -> Sequence[Sequence[str]]:
    raise AssertionError("the index is built again")


def bm25(query: Sequence[str], documents: Sequence[Sequence[str]]) -> list[float]:
    """Robertson's formula with Lucene's idf, written out from its definition."""
    k1, b = SETTINGS["k1"], SETTINGS["b"]
    # An empty document stands in the index as one empty term, so it counts as one term long.
    lengths = [len(document) or 1 for document in documents]
    mean = sum(lengths) / len(lengths)
    scores = []
    for document, length in zip(documents, lengths, strict=True):
        counts, score = Counter(document), 0.0
        for term in query:
            holding = sum(term in other for other in documents)
            idf = math.log(1 + (len(documents) - holding + 0.5) / (holding + 0.5))
            score += idf * counts[term] / (counts[term] + k1 * (1 - b + b * length / mean))
        scores.append(score)
    return scores


@pytest.mark.parametrize(
    "query", [["sea"], ["red", "sea"], ["lake", "chad", "unknown"], ["sea", "sea"], ["unknown"], []]
)
def test_scores_are_those_of_the_formula(tmp_path: Path, query: list[str]) -> None:
    index = open_index(tmp_path, "key", lambda: DOCUMENTS)
    assert index.scores(query) == pytest.approx(np.array(bm25(query, DOCUMENTS)), rel=1e-5)


def test_best_first_and_ties_by_number(tmp_path: Path) -> None:
    index = open_index(tmp_path, "key", lambda: [["b"], ["a", "b"], ["a"], ["a"], ["c"]])
    assert index.search(["a"], 10) == [2, 3, 1]
    assert index.search(["a"], 1) == [2]
    assert index.search(["unknown"], 10) == []


def test_built_once(tmp_path: Path) -> None:
    first = open_index(tmp_path, "key", lambda: DOCUMENTS)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    second = open_index(tmp_path, "key", refuse)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == times
    assert list(first.scores(["sea"])) == list(second.scores(["sea"]))


def test_another_key_is_another_index(tmp_path: Path) -> None:
    open_index(tmp_path, "one", lambda: DOCUMENTS)
    assert open_index(tmp_path, "two", lambda: [["sea"], ["x"]]).search(["sea"], 10) == [0]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("harm", ["cut", "changed", "missing", "manifest", "pickle", "foreign"])
def test_a_harmed_index_is_built_again(tmp_path: Path, harm: str) -> None:
    expected = list(open_index(tmp_path, "key", lambda: DOCUMENTS).scores(["sea"]))
    (folder,) = tmp_path.iterdir()
    data = folder / "data.csc.index.npy"
    if harm == "cut":
        data.write_bytes(data.read_bytes()[:-3])
    elif harm == "changed":
        data.write_bytes(data.read_bytes()[:-1] + b"\x7f")
    elif harm == "missing":
        (folder / "vocab.index.json").unlink()
    elif harm == "manifest":
        (folder / "manifest.json").write_text('{"key"')
    elif harm == "pickle":
        np.save(data, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    else:
        manifest = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps(manifest | {"key": "another"}))
    rebuilt = open_index(tmp_path, "key", lambda: DOCUMENTS)
    assert list(rebuilt.scores(["sea"])) == expected
    open_index(tmp_path, "key", refuse)
    assert not list(tmp_path.glob(".building-*"))


def test_nothing_on_disk_is_a_pickle(tmp_path: Path) -> None:
    open_index(tmp_path, "key", lambda: DOCUMENTS)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".npy", ".json"}
    for path in files:
        if path.suffix == ".npy":
            np.load(path, allow_pickle=False)
        else:
            json.loads(path.read_text())


def test_terms() -> None:
    english, french, other = make_tokenizer("en"), make_tokenizer("fr"), make_tokenizer("xx")
    assert english("What is the Cities' São-Paulo vitamin C?") == ["citi", "sao", "paulo", "vitamin", "c"]
    assert french("les capitales de l'Égypte") == french("capitale egypte")
    assert other("The Cities") == ["the", "cities"]
