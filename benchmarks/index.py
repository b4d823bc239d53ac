"""How fast and how small is cem-index, beside bm25s and rank-bm25? A million articles, in some 20 minutes.

    python benchmarks/index.py [--articles 1000000] [--subset 100000] [--work FOLDER] [--out FILE.json]

The articles are made up (indexing/articles.py says how). Each engine builds and serves in processes of its own
(indexing/engines.py), one after the other; rank-bm25, which scores every document in Python for each query, on the
subset only, where the others are measured as well. `--work` keeps the articles, indexes and what was measured, so that
a run that was broken off goes on. Writes results/index.json and prints the table of plugins/cem-index/README.md.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cem_toolkit.machine import processor

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "indexing"))
QUERIES = {"cem-index": 2000, "bm25s": 200, "rank-bm25": 20}
LIBRARIES = ("tantivy", "bm25s", "rank-bm25", "numpy")
Figures = dict[str, Any]


def measure(articles: int, subset: int, work: Path) -> list[Figures]:
    """Each engine's figures at each size."""
    import articles as made

    texts, queries = work / f"articles-{articles}.jsonl", work / f"queries-{articles}.json"
    if not queries.exists():
        made.write_articles(texts, articles)
        made.write_queries(queries, texts, subset, max(QUERIES.values()) + 100)
    points = [(count, engine) for count in dict.fromkeys((subset, articles)) for engine in QUERIES]
    return [
        _measure(engine, count, texts, queries, work)
        for count, engine in points
        if engine != "rank-bm25" or count == subset
    ]


def _measure(engine: str, count: int, texts: Path, queries: Path, work: Path) -> Figures:
    kept = work / f"{engine}-{count}.json"
    if kept.exists():
        return dict(json.loads(kept.read_text()))
    folder = work / f"{engine}-{count}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    found: Figures = {"engine": engine, "articles": count}
    for what in ("build", "serve"):
        start = time.perf_counter()
        command = [sys.executable, HERE / "indexing" / "engines.py", engine, what]
        command += [texts, count, queries, QUERIES[engine], folder]
        done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
        found[what] = json.loads(done.stdout.splitlines()[-1])
        print(f"{engine}, {count:,} articles, {what}: {time.perf_counter() - start:.0f} s", flush=True)
    shutil.rmtree(folder)
    kept.write_text(json.dumps(found))
    return found


def table(report: Figures) -> str:
    """The table as plugins/cem-index/README.md has it. Speeds are relative to cem-index on the same articles."""
    lines = [
        "| articles | engine | articles/s to build | queries/s | on disk | memory while building | while serving |",
        "|---|---|---|---|---|---|---|",
    ]
    first = {each["articles"]: each for each in report["points"] if each["engine"] == "cem-index"}
    for each in report["points"]:
        ours = first[each["articles"]]
        building, asking = _building(each) / _building(ours), _asking(each) / _asking(ours)
        disk = "none" if each["engine"] == "rank-bm25" else f"{each['build']['disk_mib']:,} MiB"
        speeds = f"{_two(_building(each))} ({_two(building)}×) | {_two(_asking(each))} ({_two(asking)}×)"
        memory = f"{_memory(each['build'])} | {_memory(each['serve'])}"
        lines.append(f"| {each['articles']:,} | {each['engine']} | {speeds} | {disk} | {memory} |")
    return "\n".join(lines)


def _building(each: Figures) -> float:
    return float(each["articles"] / each["build"]["build_seconds"])


def _asking(each: Figures) -> float:
    return float(each["serve"]["queries"] / each["serve"]["seconds"])


def _two(value: float) -> str:
    """`value` with two digits that count."""
    return f"{float(f'{value:.2g}'):,g}"


def _memory(peaks: Figures) -> str:
    return f"{peaks['anonymous_mib']:,} MiB ({peaks['resident_mib']:,})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--subset", type=int, default=100_000)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "cem-index-benchmark")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "index.json")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    report = {
        "machine": {"processor": processor(), "cores": os.cpu_count()},
        "versions": {"python": sys.version.split()[0], **{name: version(name) for name in LIBRARIES}},
        "points": measure(given.articles, min(given.subset, given.articles), given.work),
    }
    given.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(table(report))


if __name__ == "__main__":
    main()
