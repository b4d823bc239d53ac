"""Brings the tables of docs/related.md up to date, from the JSON files that the other scripts here wrote.

    python benchmarks/related/results.py

What has no file yet stays as it is.
"""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from trying import RESULTS, table

PAGE = Path(__file__).parents[2] / "docs" / "related.md"
SUMMARY, END = "<!-- all of them -->", "<!-- end -->"
MARKED = re.compile(rf"(<!-- (?:\w+\.json|all of them) -->)\n.*?{END}", re.DOTALL)
OUTCOMES = ("reproduced", "not reproduced: no difference is shown", "not reproduced: the opposite is shown")
OTHER = "not testable at this size"
LEFT_OUT = (
    *("kept exposure", "kept loss", "unseen extracted", "unseen exposure", "unseen loss"),
    *("forget loss above never", "exposure above never", "perplexity, % above before"),
)
"""Figures that stand in the files alone, for a page is only so wide."""


def read_all() -> dict[str, Any]:
    """The reports, by file name, in the page's order."""
    named = re.findall(r"<!-- (\w+\.json) -->", PAGE.read_text(encoding="utf-8"))
    found = {name: RESULTS / name for name in named}
    return {name: json.loads(file.read_text(encoding="utf-8")) for name, file in found.items() if file.is_file()}


def summary(reports: dict[str, Any]) -> str:
    """Of each comparison how many of the published directions were found."""
    lines = ["| comparison | reproduced | no difference shown | the opposite shown | not testable here |"]
    lines.append("| --- | --: | --: | --: | --: |")
    for name, report in reports.items():
        published = [claim for claim in report["claims"] if not claim["published"].startswith("ours: ")]
        counts = Counter(claim["outcome"].partition(" (")[0] for claim in published)
        cells = [counts[outcome] for outcome in (*OUTCOMES, OTHER)]
        lines.append(f"| [{name.removesuffix('.json')}](../benchmarks/related/{name.removesuffix('.json')}.py) | ")
        lines[-1] += " | ".join(map(str, cells)) + " |"
    return "\n".join(lines)


def filled(page: str) -> str:
    """`page` with each file's tables after its mark, before the next `<!-- end -->`."""
    reports = read_all()

    def block(found: re.Match[str]) -> str:
        mark = found[1]
        name = mark.removeprefix("<!-- ").removesuffix(" -->")
        if mark != SUMMARY and name not in reports:
            return found[0]
        told = summary(reports) if mark == SUMMARY else table(reports[name], LEFT_OUT)
        return f"{mark}\n\n{told}\n\n{END}"

    return MARKED.sub(block, page)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
