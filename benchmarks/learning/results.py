"""Brings docs/results.md up to date: its tables, between their marks, and its pictures.

    python benchmarks/learning/results.py

from the JSON files that study.py, rounds.py and direction.py wrote. What has no file yet stays as it is.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import plot
from tally import forms_table, rounds_table, table

PAGE = plot.ROOT / "docs" / "results.md"
MEASURED = plot.ROOT / "benchmarks" / "results"
TABLES: dict[str, Callable[[Any], str]] = {
    "learning.json": lambda told: table(told["sets"]),
    **{f"learning_{part}.json": lambda told: table(told["sets"]) for part in ("keeping", "seeds", "sets")},
    "rounds.json": rounds_table,
    "direction.json": lambda told: forms_table(told["ways"]),
}
END = "<!-- end -->"
MARKED = re.compile(rf"<!-- (\w+\.json) -->\n.*?{END}", re.DOTALL)


def filled(page: str) -> str:
    """`page` with each file's table after its mark `<!-- FILE.json -->`, before the next `<!-- end -->`."""

    def block(found: re.Match[str]) -> str:
        file = MEASURED / found[1]
        if not file.is_file():
            return found[0]
        tables = TABLES[file.name](json.loads(file.read_text(encoding="utf-8")))
        return f"<!-- {file.name} -->\n\n{tables.strip()}\n\n{END}"

    return MARKED.sub(block, page)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    plot.main()
