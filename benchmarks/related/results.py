"""Brings the tables of docs/related.md up to date, from the JSON files that the other scripts here wrote.

    python benchmarks/related/results.py

What has no file yet is said not to be measured.
"""

import json
import re
from collections import Counter
from math import exp, log
from pathlib import Path
from typing import Any

from trying import RESULTS, interval, table, with_interval

PAGE = Path(__file__).parents[2] / "docs" / "related.md"
END = "<!-- end -->"
MARKED = re.compile(rf"<!-- (\w+\.json|all of them|unlearnt) -->\n.*?{END}", re.DOTALL)
UNLEARNING = ("icu.json", "eul.json", "ltu.json")
WITHIN = 5.0
"""Percent that perplexity may rise by."""
OUTCOMES = ("reproduced", "not reproduced: no difference is shown", "not reproduced: the opposite is shown")
OTHER = "not testable at this size"
PERPLEXITY = "held-out perplexity"
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


def unlearnt(reports: dict[str, Any]) -> str:
    """Of each variant that unlearns, seed by seed: how far the forgotten canaries' exposure is above that of a model
    which never saw them, what other canaries lost, and by how much perplexity rose."""
    lines = ["| variant | exposure above never seen, bits | others: exposure lost, bits | others: extraction lost "]
    lines[0] += "| perplexity above before, % | all three |"
    lines.append("| --- | --: | --: | --: | --: | --- |")
    for name in UNLEARNING:
        tries = reports.get(name, {"tries": {}})["tries"]
        for variant, found in tries.items():
            if variant in ("before", "never saw them"):
                continue
            seeds = sorted(found.keys() & tries["before"].keys() & tries["never saw them"].keys())
            pairs = [(found[seed], tries["before"][seed], tries["never saw them"][seed]) for seed in seeds]
            above = interval([now["forget exposure"] - never["forget exposure"] for now, _, never in pairs])
            lost = interval([old["others exposure"] - now["others exposure"] for now, old, _ in pairs])
            unsaid = interval([old["others extracted"] - now["others extracted"] for now, old, _ in pairs])
            nats = interval([log(now[PERPLEXITY] / old[PERPLEXITY]) for now, old, _ in pairs])
            rise = {key: value if value is None else 100 * (exp(value) - 1) for key, value in nats.items()}
            # Not shown to be above never seen, nor others to be below before, and surely within the limit.
            held = len(seeds) > 1 and above["low"] <= 0 and lost["low"] <= 0 and rise["high"] <= WITHIN
            cells = (*map(with_interval, (above, lost, unsaid, rise)), "yes" if held else "no")
            lines.append(f"| {name.removesuffix('.json')}: {variant} | {' | '.join(cells)} |")
    return "\n".join(lines)


def filled(page: str) -> str:
    """`page` with each file's tables after its mark, before the next `<!-- end -->`."""
    reports = read_all()

    def block(found: re.Match[str]) -> str:
        name = found[1]
        if name in MADE:
            told = MADE[name](reports)
        elif name in reports:
            told = table(reports[name], LEFT_OUT)
        else:
            told = "*Not measured yet.*"
        return f"<!-- {name} -->\n\n{told}\n\n{END}"

    return MARKED.sub(block, page)


MADE = {"all of them": summary, "unlearnt": unlearnt}


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
