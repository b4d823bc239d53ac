"""The vectors that are nearest to queries, exactly: one pass over all of them, in blocks."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CELLS = 8 * 2**20
"""Products that are held at a time, of 4 bytes each."""
MOST_ROWS = 16_384
SPARE = 32
"""Vectors kept beyond those wanted: a product's last digits depend on the block it is computed in, so that the order is
settled at the end, by products that do not."""


def _ignore(rows: int) -> None: ...


def nearest(
    vectors: "NDArray[Any]",
    queries: "NDArray[np.float32]",
    count: int,
    done: Callable[[int], None] = _ignore,
    most_rows: int = MOST_ROWS,
) -> "NDArray[np.int64]":
    """For every query the rows of the `count` vectors with the highest products, best first; of equal ones the earlier
    first.

    Memory does not grow with the number of vectors. `done` is told how many more were looked at.
    """
    import numpy as np

    keep = min(count + SPARE, len(vectors))
    best = np.full((len(queries), keep), -np.inf, dtype=np.float32)
    rows = np.full((len(queries), keep), -1, dtype=np.int64)
    size = max(1, min(most_rows, CELLS // max(1, len(queries))))
    for start in range(0, len(vectors), size):
        block = np.asarray(vectors[start : start + size], dtype=np.float32)
        products = queries @ block.T
        for query in np.flatnonzero(products.max(axis=1) > best[:, -1]):
            better = np.flatnonzero(products[query] > best[query, -1])
            merged = np.concatenate([best[query], products[query, better]])
            order = np.argsort(-merged, kind="stable")[:keep]
            best[query] = merged[order]
            rows[query] = np.concatenate([rows[query], better + start])[order]
        done(len(block))
    return np.array([_settle(vectors, queries[query], rows[query])[:count] for query in range(len(queries))])


def _settle(vectors: "NDArray[Any]", query: "NDArray[np.float32]", rows: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """`rows` by their products in double precision."""
    import numpy as np

    rows = np.sort(rows)
    products = (vectors[rows].astype(np.float64) * query.astype(np.float64)).sum(axis=1)
    return rows[np.argsort(-products, kind="stable")]
