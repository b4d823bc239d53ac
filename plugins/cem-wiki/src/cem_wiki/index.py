"""A BM25 index on disk: built once, checked and memory-mapped afterwards."""

import hashlib
import json
import shutil
from array import array
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cem_toolkit.api import file_hash, name_beside, parse_json

if TYPE_CHECKING:
    import numpy as np

SETTINGS: dict[str, Any] = {"k1": 0.9, "b": 0.4, "method": "lucene", "dtype": "float32"}
"""BM25 as Lucene scores it, with Anserini's constants for passages: summaries vary less in length than whole pages."""
MANIFEST = "manifest.json"


class Index:
    """Scores of all documents for a query. Documents are numbered as they were given."""

    def __init__(self, bm25: Any) -> None:
        self._bm25 = bm25

    def search(self, terms: Sequence[str], limit: int) -> list[int]:
        """Numbers of at most `limit` documents that share a term with the query, best first, ties by number."""
        import numpy as np

        scores = self.scores(terms)
        found = np.flatnonzero(scores)
        order = np.argsort(-scores[found], kind="stable")
        return [int(number) for number in found[order[:limit]]]

    def scores(self, terms: Sequence[str]) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
        """The BM25 score of every document, in nats; all 0 where no term is known."""
        known = [self._bm25.vocab_dict[term] for term in terms if term in self._bm25.vocab_dict]
        scores: np.ndarray[tuple[int], np.dtype[np.float32]] = self._bm25.get_scores_from_ids(known)
        return scores


def open_index(folder: Path, key: str, documents: Callable[[], Iterable[Sequence[str]]]) -> Index:
    """The index of `documents` (their terms) from `folder / key`, built there if it is missing or not whole.

    `key` stands for whatever decides the documents; the index's own settings and bm25s' version are added to it.
    """
    import bm25s

    key = hashlib.sha256(json.dumps([key, SETTINGS, bm25s.__version__]).encode()).hexdigest()[:32]
    path = folder / f"bm25-{key}"
    if not _whole(path, key):
        _build(path, key, documents())
    return Index(bm25s.BM25.load(path, mmap=True, allow_pickle=False, show_progress=False))


def _whole(path: Path, key: str) -> bool:
    """Whether `path` holds exactly what `_build` wrote there for `key`."""
    try:
        manifest = parse_json((path / MANIFEST).read_bytes())
        return bool(manifest == {"key": key, "files": _digests(path)})
    except (OSError, ValueError):
        return False


def _digests(path: Path) -> dict[str, str]:
    return {file.name: file_hash(file) for file in sorted(path.iterdir()) if file.name != MANIFEST}


def _build(path: Path, key: str, documents: Iterable[Sequence[str]]) -> None:
    import bm25s

    vocabulary: dict[str, int] = {}
    # Numbers, for the terms of a million documents as strings are gigabytes.
    numbered = [
        array("i", (vocabulary.setdefault(term, len(vocabulary)) for term in terms or [""])) for terms in documents
    ]
    bm25 = bm25s.BM25(**SETTINGS, backend="numpy", csc_backend="numpy")
    bm25.index((numbered, vocabulary), show_progress=False)
    del numbered
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = name_beside(path)
    beside.mkdir()
    try:
        bm25.save(beside, show_progress=False, allow_pickle=False)
        (beside / MANIFEST).write_text(json.dumps({"key": key, "files": _digests(beside)}))
        shutil.rmtree(path, ignore_errors=True)
        try:
            beside.rename(path)
        except OSError:
            if not _whole(path, key):  # else another process has put the same index there in between
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
