"""What the arms did, counted as the paper counts it, beside the published figures.

    python examples/reproduce-cem/tables.py RESULTS.json

fills the tables of this folder's README.md, between its two marks, from what `reproduce.py` wrote.
"""

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cem_toolkit.outcomes import SETS, Answers, Outcome, Pairs, paired

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- tables: written by tables.py -->", "<!-- end of tables -->"

PUBLISHED = (
    ("CuteGPT-13B", "wiki", "N", 42.93, 46.56, 22.20, 18.57),
    ("CuteGPT-13B", "wiki", "N+E", 42.93, 52.03, 24.12, 15.02),
    ("CuteGPT-13B", "wiki", "N+E+R", 42.93, 55.18, 24.93, 12.68),
    ("CuteGPT-13B", "web", "not told", 42.93, 45.91, 21.91, 18.93),
    ("Qwen-7B-Chat", "wiki", "not told", 41.62, 48.71, 22.17, 15.08),
    ("Qwen-7B-Chat", "web", "not told", 41.62, 47.87, 20.94, 14.70),
    ("ChatGLM-6B", "wiki", "not told", 40.44, 51.95, 26.01, 14.50),
    ("ChatGLM-6B", "web", "not told", 40.44, 53.61, 25.86, 12.69),
)
"""Model, source, rows; accuracy before and after, wrong to right and right to wrong in % of all questions: Xiezhi, from
an early slide deck of a co-author."""

SHOWN = {"mined": "mined", "held_out": "held out", "reviewed": "reviewed"}


def tally(before: Answers, after: Answers, own: Collection[str]) -> dict[str, Any]:
    """Counts and rates over all questions, as the paper tells them, and over the parts that tell learning from rote.

    `own` are the ids of the questions whose own answer was trained on."""
    sets = paired(before, after, own)
    every = Pairs()
    for name in SETS:
        every.pairs += sets[name].pairs
        every.groups += sets[name].groups
    return {name: _figures(found) for name, found in {"all": every, **sets}.items() if found.pairs}


def _figures(found: Pairs) -> dict[str, Any]:
    from cem_toolkit.stats import compare, rates

    outcome = Outcome.of(found.pairs)
    change = compare(found.pairs, found.groups)
    return {
        **asdict(outcome),
        "points": _rounded(change.points, change.low, change.high),
        **{name: _rounded(rate.share, rate.low, rate.high) for name, rate in rates(outcome).items()},
    }


def _rounded(*values: float | None) -> list[float] | None:
    """In per cent: the value and the ends of its 95 % interval."""
    return None if None in values else [round(100 * float(value), 2) for value in values if value is not None]


def comparison(results: Mapping[str, Any] | None) -> str:
    """The tables in Markdown; without results of our own the published figures alone."""
    lines = [
        "In per cent; in brackets 95 % intervals, which the published figures have not.",
        "",
        "| model | source | rows | before | after | wrong to right | right to wrong "
        "| fixed of wrong | broken of right |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for model, source, rows, base, acc, w2r, r2w in PUBLISHED:
        fixed, broken = 100 * w2r / (100 - base), 100 * r2w / base
        numbers = [f"{value:.2f}" for value in (base, acc, w2r, r2w)] + [f"{value:.1f}" for value in (fixed, broken)]
        lines.append(f"| {model}, published | {source} | {rows} | {' | '.join(numbers)} |")
    if results is None:
        return "\n".join(lines)
    for arm in results["arms"]:
        of = arm["sets"]["all"]
        shares = [f"{100 * of[name] / of['n']:.2f}" for name in ("right_before", "right_after")]
        names = ("wrong_to_right", "right_to_wrong", "fix_rate", "break_rate")
        numbers = [*shares, *(_spread(of[name]) for name in names)]
        lines.append(f"| {results['model']}, here | {arm['source']} | {_rows(arm)} | {' | '.join(numbers)} |")
    lines += [
        "",
        f"Here: {_told(results)} The same runs by what the questions were used for:",
        "",
        "| source | rows | questions | number | points | fixed of wrong | broken of right |",
        "|---|---|---|---|---|---|---|",
    ]
    for arm in results["arms"]:
        for name, label in SHOWN.items():
            if of := arm["sets"].get(name):
                numbers = [str(of["n"]), *(_spread(of[figure]) for figure in ("points", "fix_rate", "break_rate"))]
                lines.append(f"| {arm['source']} | {_rows(arm)} | {label} | {' | '.join(numbers)} |")
    return "\n".join(lines)


def _rows(arm: Mapping[str, Any]) -> str:
    control = "random passages" if arm["control"] == "random" else arm["control"]
    return f"{arm['rows']}, {control}" if control else str(arm["rows"])


def _told(results: Mapping[str, Any]) -> str:
    asked, machine = results["questions"], results["machine"]
    return (
        f"{asked['asked']:,} of {asked['of']:,} questions of {asked['file']}, seed {results['seed']}, one training an "
        f"arm, {machine['processor']}, {machine['cores']} cores ([JSON](results.json))."
    )


def _spread(value: Sequence[float] | None) -> str:
    return "–" if value is None else f"{value[0]:.1f} ({value[1]:.1f} to {value[2]:.1f})"


def filled(page: str, tables: str) -> str:
    """`page` with `tables` between its marks."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{tables}\n\n{END}{tail}"


if __name__ == "__main__":
    measured = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    README.write_text(filled(README.read_text(encoding="utf-8"), comparison(measured)), encoding="utf-8")
