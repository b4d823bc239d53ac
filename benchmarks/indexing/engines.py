"""One engine builds its index of articles, or answers queries from it, in this process alone.

    python engines.py ENGINE build|serve ARTICLES.jsonl COUNT QUERIES.json ASKED FOLDER

Prints one JSON object: seconds and the peaks of this process's memory in MiB. Each engine is used as its
own documentation shows; rank-bm25 keeps no index on disk, so it builds when it serves.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from articles import read_articles

LIMIT = 20
WARM = 20
Ask = Callable[[str], Any]


class Memory:
    """The peaks of this process's resident memory, and of its anonymous part: mapped files are the system's to drop."""

    def __init__(self) -> None:
        self.resident = self.anonymous = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.look()
            time.sleep(0.02)

    def look(self) -> None:
        lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        self.resident = max(self.resident, int(lines["VmRSS"].split()[0]) / 1024)
        self.anonymous = max(self.anonymous, int(lines["RssAnon"].split()[0]) / 1024)

    def peaks(self) -> dict[str, float]:
        self.look()
        return {"resident_mib": round(self.resident), "anonymous_mib": round(self.anonymous)}


def cem_index(articles: Path, count: int, folder: Path) -> Ask:
    from cem_index import Document, open_index
    from cem_toolkit.testing import make_context

    def documents(position: str) -> Iterator[tuple[Document, str]]:
        first = int(position or 0)
        for number, (title, text) in enumerate(read_articles(articles, count, first), first + 1):
            yield Document(title=title, text=text), str(number)

    ctx = make_context(folder, log=lambda line: print(line, file=sys.stderr))
    index = open_index(ctx.cache, str(count), documents, language="en", total=count, ctx=ctx)
    return lambda query: index.read(index.search(query, LIMIT))


def bm25s(articles: Path, count: int, folder: Path) -> Ask:
    import bm25s
    import Stemmer

    stemmer, path = Stemmer.Stemmer("english"), folder / "index"
    if not path.exists():
        texts = [f"{title}\n{text}" for title, text in read_articles(articles, count)]
        tokens = bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False)
        retriever = bm25s.BM25()
        retriever.index(tokens, show_progress=False)
        retriever.save(path, show_progress=False, allow_pickle=False)
    loaded = bm25s.BM25.load(path, mmap=True, allow_pickle=False, show_progress=False)

    def ask(query: str) -> Any:
        tokens = bm25s.tokenize([query], stopwords="en", stemmer=stemmer, show_progress=False)
        return loaded.retrieve(tokens, k=min(LIMIT, count), show_progress=False)

    return ask


def rank_bm25(articles: Path, count: int, folder: Path) -> Ask:
    import numpy as np
    from rank_bm25 import BM25Okapi

    index = BM25Okapi([f"{title} {text}".split(" ") for title, text in read_articles(articles, count)])
    return lambda query: np.argsort(index.get_scores(query.split(" ")))[::-1][:LIMIT]


ENGINES = {"cem-index": cem_index, "bm25s": bm25s, "rank-bm25": rank_bm25}


def main(engine: str, work: str, articles: Path, count: int, queries: list[str], folder: Path) -> dict[str, Any]:
    memory, start = Memory(), time.perf_counter()
    ask = ENGINES[engine](articles, count, folder)
    seconds = time.perf_counter() - start
    if work == "build":
        disk = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        return {"build_seconds": seconds, "disk_mib": round(disk / 2**20), **memory.peaks()}
    for query in queries[:WARM]:
        ask(query)
    start = time.perf_counter()
    for query in queries[WARM:]:
        ask(query)
    asked = len(queries) - WARM
    return {"open_seconds": seconds, "queries": asked, "seconds": time.perf_counter() - start, **memory.peaks()}


if __name__ == "__main__":
    name, what, file, many, questions, most, where = sys.argv[1:]
    asked_for = json.loads(Path(questions).read_text())[: int(most) + WARM]
    print(json.dumps(main(name, what, Path(file), int(many), asked_for, Path(where))))
