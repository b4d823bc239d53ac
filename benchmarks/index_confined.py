"""Does cem-index serve a million articles in little memory, mapped files included? Linux, as root.

    python benchmarks/index_confined.py [--articles 1000000] [--limit 512] [--work FOLDER] [--out FILE.json]

A process's resident memory counts the mapped files that happen to stay in memory, so it says how much there was, not
how much is needed. Here the kernel allows the serving process so many MiB in all (a control group's limit, which page
cache counts towards), and the queries a second are set beside those of the
same process without a limit, both from a cold cache in one run. Writes results/index_confined.json.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cem_toolkit.machine import processor

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "indexing"))
ASKED = 2000
GROUPS = ((Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"), (Path("/sys/fs/cgroup"), "memory.max"))


@contextmanager
def confined(mib: int) -> Iterator[Path]:
    """A control group of so much memory: a process joins by its number in `cgroup.procs`."""
    root, limit = next((root, limit) for root, limit in GROUPS if (root / "cgroup.procs").exists())
    group = root / f"cem-index-{os.getpid()}"
    group.mkdir()
    try:
        (group / limit).write_text(str(mib * 2**20))
        yield group
    finally:
        group.rmdir()


def forget(folder: Path) -> None:
    """Takes the files below `folder` out of the page cache."""
    for file in folder.rglob("*"):
        if file.is_file():
            handle = os.open(file, os.O_RDONLY)
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


def read_ahead(folder: Path) -> int:
    """KiB that the disk below `folder` reads around a page that is missing: what is read in vain where little memory is
    left to keep it in. Most systems have 128."""
    device = folder.stat().st_dev
    block = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    queues = (block / "queue", block.resolve().parent / "queue")
    return next(int((queue / "read_ahead_kb").read_text()) for queue in queues if queue.exists())


def run(command: list[str], group: Path | None = None) -> dict[str, Any]:
    if group:
        command = ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(group / "cgroup.procs"), *command]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def told(report: dict[str, Any]) -> str:
    """The sentence in plugins/cem-index/README.md."""
    within, free = (f"{report[which]['queries_per_second']:.0f}" for which in ("confined", "free"))
    return (
        f"allowed {report['limit_mib']} MiB in all, mapped files included, it answers {within} queries a second for "
        f"a million articles, and {free} without a limit, both from a cold cache"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--limit", type=int, default=512, help="MiB")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "cem-index-confined")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "index_confined.json")
    given = parser.parse_args()
    import articles as made

    texts, queries, folder = given.work / "articles.jsonl", given.work / "queries.json", given.work / "index"
    folder.mkdir(parents=True, exist_ok=True)
    if not queries.exists():
        made.write_articles(texts, given.articles)
        made.write_queries(queries, texts, min(100_000, given.articles), ASKED + 100)
    rest = [str(value) for value in (texts, given.articles, queries, ASKED, folder)]
    engine = [sys.executable, str(HERE / "indexing" / "engines.py"), "cem-index"]
    built = run([*engine, "build", *rest])
    forget(folder)
    free = run([*engine, "serve", *rest])
    forget(folder)
    with confined(given.limit) as group:
        within = run([*engine, "serve", *rest], group)
    speeds = [each["queries"] / each["seconds"] for each in (free, within)]
    report = {
        "machine": {"processor": processor(), "cores": os.cpu_count(), "read_ahead_kib": read_ahead(folder)},
        "articles": given.articles,
        "limit_mib": given.limit,
        "disk_mib": built["disk_mib"],
        "free": {**free, "queries_per_second": round(speeds[0], 1)},
        "confined": {**within, "queries_per_second": round(speeds[1], 1)},
        "speed_confined_to_free": round(speeds[1] / speeds[0], 3),
    }
    given.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
