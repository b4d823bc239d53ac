"""How do the core's own costs grow with questions, passages, articles and rounds? Seconds, memory and disk.

    python benchmarks/scaling.py [--full] [--only KIND ...] [--out FILE.json] [--plot FILE.svg]

Runs the loop with an evaluator, a source and a trainer that cost next to nothing (scaling/world.py), each point in a
process of its own, and fits seconds ~ n^exponent over the upper two decades. By default up to 30,000 questions and
100,000 passages, in under six minutes; `--full` up to 100,000 and 1,000,000, in about twenty minutes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "scaling"))

import fit  # noqa: E402
import plot  # noqa: E402

from cem_toolkit.machine import processor  # noqa: E402

QUESTIONS = (10, 100, 300, 1_000, 3_000, 10_000, 30_000)
PASSAGES = (10, 100, 1_000, 3_000, 10_000, 30_000, 100_000)
ROUNDS = (1, 2, 5, 10, 20)
MORE = {"questions": (100_000,), "passages": (300_000, 1_000_000), "articles": (300_000, 1_000_000), "rounds": (15,)}
KINDS = {
    "questions": (QUESTIONS, ("file", "round", "summary", "ledger", "report")),
    "passages": (PASSAGES, ("screen", "rank")),
    "articles": (PASSAGES, ("index",)),
    "rounds": (ROUNDS, ("run", "summary", "ledger", "report")),
}
"""What grows: its sizes, and the points (scaling/points.py) that are run at each, one after the other in one folder."""
LIBRARIES = ("cem-toolkit", "cem-wiki", "bm25s", "numpy", "scipy")
Point = dict[str, Any]


def measure(kind: str, full: bool = False) -> dict[str, list[Point]]:
    """By piece of work, its points: `n`, `seconds`, `mib` (the process's peak meanwhile), sometimes `disk_mib`."""
    sizes, points = KINDS[kind]
    found: dict[str, list[Point]] = {}
    for size in sorted({*sizes, *(MORE[kind] if full else ())}):
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            for name, figures in _run(points, size, Path(folder)):
                found.setdefault(name, []).append({"n": size, **figures})
        print(f"{size:>9,} {kind}: {time.perf_counter() - start:.0f} s", flush=True)
    return found


def _run(points: Sequence[str], size: int, folder: Path) -> Iterator[tuple[str, Point]]:
    for point in points:
        command = [sys.executable, str(HERE / "scaling" / "points.py"), point, str(size), str(folder)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        yield from json.loads(done.stdout.splitlines()[-1]).items()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="up to 100,000 questions and 1,000,000 passages")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS), help="keep the others' last figures")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "scaling.json")
    parser.add_argument("--plot", type=Path, default=HERE.parent / "docs" / "images" / "scaling.svg")
    given = parser.parse_args()
    report = json.loads(given.out.read_text(encoding="utf-8")) if given.out.is_file() else {"kinds": {}}
    for kind in given.only:
        points = measure(kind, given.full)
        fitted = {name: fit.growth(each) for name, each in points.items()}
        report["kinds"][kind] = {name: {**fitted[name], "points": points[name]} for name in points}
    report |= {
        "machine": {"processor": processor(), "cores": os.cpu_count()},
        "versions": {"python": sys.version.split()[0], **{name: version(name) for name in LIBRARIES}},
    }
    given.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    given.plot.write_text(plot.draw(report["kinds"]), encoding="utf-8")
    print(fit.table(report["kinds"]))


if __name__ == "__main__":
    main()
