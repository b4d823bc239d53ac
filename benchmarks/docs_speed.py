"""How fast the source `docs` reads and indexes, and in how much memory: 200,000 rows and one line of 40 MB.

    python benchmarks/docs_speed.py [--out FILE.json]

Writes results/docs_speed.json and prints the sentence of plugins/cem-docs/README.md.
"""

import argparse
import json
import os
import random
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from cem_docs.options import DocsOptions
from cem_docs.source import Docs
from cem_toolkit.machine import processor
from cem_toolkit.testing import make_context

HERE = Path(__file__).parent
ROWS = 200_000


def write(folder: Path) -> None:
    chance = random.Random(0)  # noqa: S311 (draws words)
    words = [f"w{number}" for number in range(20_000)]
    folder.mkdir()
    with (folder / "rows.jsonl").open("w") as file:
        for number in range(ROWS):
            file.write(json.dumps({"title": f"T {number}", "text": " ".join(chance.choices(words, k=80))}) + "\n")
    (folder / "line.txt").write_text("word " * 8_000_000)


def measure() -> dict[str, Any]:
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "docs")
        found["megabytes"] = round(sum(file.stat().st_size for file in (folder / "docs").iterdir()) / 1e6)
        ctx = make_context(folder, log=print)
        source = Docs(DocsOptions(paths=[Path("docs")]))
        for what in ("build_seconds", "open_seconds"):
            start = time.perf_counter()
            source.open(ctx).close()
            found[what] = round(time.perf_counter() - start, 2)
        for what, who in (("peak_mb", resource.RUSAGE_SELF), ("child_peak_mb", resource.RUSAGE_CHILDREN)):
            found[what] = round(resource.getrusage(who).ru_maxrss / 1000)
        found["passages"] = sum(1 for _ in source.documents(ctx))
    return found


def told(report: dict[str, Any]) -> str:
    """The sentence in plugins/cem-docs/README.md."""
    return (
        f"the {report['passages']:,} passages of these {report['megabytes']} MB were read and indexed in "
        f"{report['build_seconds']:.0f} s, with at most {report['peak_mb']} MB in the run's process and "
        f"{report['child_peak_mb']} MB in the child; opening the index again took {report['open_seconds']} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "docs_speed.json")
    given = parser.parse_args()
    report = {"machine": {"processor": processor(), "cores": os.cpu_count()}, **measure()}
    given.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(told(report))


if __name__ == "__main__":
    main()
