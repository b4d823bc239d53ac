from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cem_embeddings import nearest as module
from cem_embeddings.nearest import nearest


def unit(rows: int, seed: int, dtype: str = "float32", dimension: int = 16) -> Any:
    vectors = np.random.default_rng(seed).standard_normal((rows, dimension)).astype(np.float32)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(dtype)


def exact(vectors: Any, queries: Any, count: int) -> list[list[int]]:
    products = queries.astype(np.float64) @ vectors.astype(np.float64).T
    return [sorted(range(len(vectors)), key=lambda row: (-of_one[row], row))[:count] for of_one in products]


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_the_nearest_are_those_of_all_products(dtype: str) -> None:
    vectors, queries = unit(3000, 1, dtype), unit(20, 2)
    assert nearest(vectors, queries, 10).tolist() == exact(vectors, queries, 10)


def test_blocks_do_not_change_the_result() -> None:
    vectors, queries = unit(1000, 3, "float16"), unit(9, 4)
    results = {str(nearest(vectors, queries, 7, most_rows=rows).tolist()) for rows in (1, 3, 64, 999, 1000, 5000)}
    assert results == {str(exact(vectors, queries, 7))}


def test_of_equal_ones_the_earlier_come_first() -> None:
    vectors = np.repeat(unit(4, 5), 8, axis=0)
    for rows in (1, 5, 100):
        assert nearest(vectors, vectors[:1], 10, most_rows=rows)[0, :8].tolist() == list(range(8))


def test_fewer_vectors_than_wanted() -> None:
    vectors = unit(3, 6)
    assert sorted(nearest(vectors, unit(2, 7), 10)[1].tolist()) == [0, 1, 2]


def test_memory_is_bounded_by_products_held_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CELLS", 40)
    np.save(tmp_path / "vectors.npy", unit(100, 8))
    seen: list[int] = []
    vectors = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    assert nearest(vectors, unit(4, 9), 5, seen.append).shape == (4, 5)
    assert seen == [10] * 10
