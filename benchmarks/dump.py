"""How long does a Wikimedia dump take to be indexed, and in how much memory?

    python benchmarks/dump.py FILE [--copies 20] [--out FILE.json]

Times how wikitext becomes text, introductions and whole pages, on the articles of FILE, and then indexes a multistream
dump of so many copies of them, in a process of its own, with its peak memory. results/dump.json is of the 106 articles
of the English Wikipedia of 2016 that gensim 4.4.0 has for its tests (enwiki-latest-pages-articles1…shortened.bz2 in its
wheel): among the longest there are, so most articles take less.
"""

import argparse
import bz2
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cem_toolkit.machine import processor
from cem_wiki.dump.head import read_head
from cem_wiki.dump.pages import parse_page, split_pages
from cem_wiki.dump.streams import read_pieces
from cem_wiki.dump.wikitext import introduction, whole_text

HERE = Path(__file__).parent
ENGLISH = 7_000_000
INDEXING = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from engines import Memory
from cem_toolkit.testing import make_context
from cem_wiki.options import WikiOptions
from cem_wiki.source import Wiki
memory, start = Memory(), time.perf_counter()
Wiki(WikiOptions(backend="dump", data=sys.argv[2])).open(make_context(Path(sys.argv[3]))).close()
print(json.dumps({"seconds": time.perf_counter() - start, **memory.peaks()}))
"""


def measure(path: Path, copies: int) -> dict[str, Any]:
    unread = read_head(read_pieces(path)).unread
    pages = [(xml, parse_page(xml)) for xml, _ in split_pages(read_pieces(path))]
    texts = [page.text for _, page in pages if page.namespace == "0" and not page.target]
    found: dict[str, Any] = {"articles": len(texts), "characters": sum(map(len, texts)) // len(texts)}
    for name, convert in (("introductions", introduction), ("whole pages", whole_text)):
        start = time.perf_counter()
        for text in texts:
            convert(text, unread)
        rate = len(texts) / (time.perf_counter() - start)
        found[name] = {"per_second": round(rate, 1), "hours_for_7_million": round(ENGLISH / rate / 3600, 1)}
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "copies.xml.bz2"
        stream = bz2.compress(b"\n".join(xml for xml, _ in pages))
        dump.write_bytes(bz2.compress(b"<mediawiki>") + stream * copies + bz2.compress(b"</mediawiki>"))
        command = [sys.executable, "-c", INDEXING, str(HERE / "indexing"), str(dump), folder]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        indexed = json.loads(done.stdout)
        found["indexing"] = {"articles": len(texts) * copies, "megabytes": round(dump.stat().st_size / 1e6), **indexed}
        found["indexing"]["per_second"] = round(found["indexing"]["articles"] / indexed["seconds"], 1)
    return found


def table(report: dict[str, Any]) -> str:
    """The table as plugins/cem-wiki/README.md has it."""
    lines = ["| | articles/s | hours for 7 million |", "|---|---|---|"]
    for name in ("introductions", "whole pages"):
        lines.append(f"| {name} | {report[name]['per_second']:.0f} | {report[name]['hours_for_7_million']:.0f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--copies", type=int, default=20)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "dump.json")
    given = parser.parse_args()
    report = {
        "machine": {"processor": processor(), "cores": os.cpu_count()},
        "versions": {"python": sys.version.split()[0], "mwparserfromhell": version("mwparserfromhell")},
        "file": given.file.name,
        **measure(given.file, given.copies),
    }
    given.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(table(report))


if __name__ == "__main__":
    main()
