"""What `cem-toolkit compare` prints."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from cem_toolkit.cli.summary_tables import NAMES, points
from cem_toolkit.cli.tables import make_console
from cem_toolkit.comparing import Comparison
from cem_toolkit.differences import Difference
from cem_toolkit.plain import brief, plain

if TYPE_CHECKING:
    from cem_toolkit.stats import Change

LONGEST = 60
"""Characters of a setting's value."""


def print_comparison(comparison: Comparison) -> None:
    out = make_console()
    labels = [f"({number})" for number in range(1, len(comparison.runs) + 1)]
    for label, run in zip(labels, comparison.runs, strict=True):
        out.print(Text(f"{label} {_run(run)}"), soft_wrap=True)
    if comparison.differences:
        out.print(_settings(comparison.differences, labels))
    else:
        out.print("nothing differs in configuration, model, versions or machine")
    out.print(f"{comparison.common:,} questions in common, answered by the shipped models")
    for label, changes in zip(labels[1:], comparison.changes, strict=True):
        out.print(f"{label} against {labels[0]}: right answers, those that one alone has, change with 95 % interval")
        out.print(_results(changes, labels[0], label))
    out.print("p is adjusted over all comparisons here")
    for note in comparison.notes:
        out.print(Text(f"note: {plain(note)}"), soft_wrap=True)


def _run(run: Mapping[str, Any]) -> str:
    model = f"the model of round {run['shipped']}" if run["shipped"] else "the starting model"
    of = f" of {run['of']:,}" if "of" in run else ""
    return f"{plain(run['run'])}: {model} ({plain(run['model'])}), {run['questions']:,}{of} questions"


def _settings(differences: Sequence[Difference], labels: Sequence[str]) -> Table:
    table = Table("setting", *labels)
    for difference in differences:
        table.add_row(*(Text(cell) for cell in (plain(difference.name), *map(_value, difference.values))))
    return table


def _value(value: Any) -> str:
    if value is None:
        return "-"
    return brief(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str), LONGEST)


def _results(changes: "Mapping[str, Change]", first: str, second: str) -> Table:
    table = Table("questions")
    for name in ("n", first, second, f"only {first}", f"only {second}", "points", "p"):
        table.add_column(name, justify="right")
    table.add_column("verdict", no_wrap=True)
    for name, change in changes.items():
        table.add_row(
            Text(plain(NAMES.get(name, name))),
            f"{change.n:,}",
            f"{change.right_before / change.n:.1%}",
            f"{change.right_after / change.n:.1%}",
            f"{change.broken:,}",
            f"{change.fixed:,}",
            Text(points(asdict(change))),
            f"{change.p_adjusted:.2g}",
            change.verdict,
        )
    return table
