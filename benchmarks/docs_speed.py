"""How fast the source `docs` reads and indexes, and in how much memory: 200,000 rows and one line of 40 MB.

python benchmarks/docs_speed.py
"""

import json
import random
import resource
import tempfile
import time
from pathlib import Path

from cem_docs.options import DocsOptions
from cem_docs.source import Docs
from cem_toolkit.testing import make_context

ROWS = 200_000


def write(folder: Path) -> None:
    chance = random.Random(0)  # noqa: S311 (draws words)
    words = [f"w{number}" for number in range(20_000)]
    folder.mkdir()
    with (folder / "rows.jsonl").open("w") as file:
        for number in range(ROWS):
            file.write(json.dumps({"title": f"T {number}", "text": " ".join(chance.choices(words, k=80))}) + "\n")
    (folder / "line.txt").write_text("word " * 8_000_000)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "docs")
        ctx = make_context(folder, log=print)
        source = Docs(DocsOptions(paths=[Path("docs")]))
        for what in ("read and indexed", "opened again"):
            start = time.perf_counter()
            source.open(ctx).close()
            print(f"{what}: {time.perf_counter() - start:.2f} s")
        for whose, who in (("run's process", resource.RUSAGE_SELF), ("child", resource.RUSAGE_CHILDREN)):
            print(f"most memory of the {whose}: {resource.getrusage(who).ru_maxrss / 1000:.0f} MB")
        print(f"{sum(1 for _ in source.documents(ctx)):,} passages")


if __name__ == "__main__":
    main()
