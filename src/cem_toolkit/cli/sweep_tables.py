"""What `cem-toolkit sweep` prints."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cem_toolkit.cli.summary_tables import NAMES, points
from cem_toolkit.cli.tables import make_console
from cem_toolkit.plain import plain
from cem_toolkit.winning import Setting, Sweep


def print_sweep(sweep: Sweep) -> None:
    out = make_console()
    sets = list(sweep.best.right)
    table = Table("setting", *(escape(plain(NAMES.get(name, name))) for name in sets), box=SIMPLE_HEAD)
    table.add_column("selection against the best", justify="right")
    table.add_column("verdict", no_wrap=True)
    for setting in sweep.settings:
        shares = [_shares(setting.right.get(name, ())) for name in sets]
        table.add_row(Text(_named(setting.values)), *shares, _against(setting), setting.verdict)
    out.print("right answers of the shipped models; [lowest, highest] where there are several seeds")
    out.print(table)
    shown = [setting for setting in sweep.settings[1:] if setting.verdict == "worse"]
    out.print(
        Text(f"best: {_named(sweep.best.values)}{_how_sure(len(shown), len(sweep.settings) - 1)}"), soft_wrap=True
    )
    for note in sweep.notes:
        out.print(Text(f"note: {plain(note)}"), soft_wrap=True)
    for setting in sweep.settings:
        out.print(Text(f"{_named(setting.values)}: {', '.join(run.name for run in setting.runs)}"), soft_wrap=True)


def _named(values: Mapping[str, Any]) -> str:
    return plain(", ".join(f"{name}={value}" for name, value in values.items()))


def _shares(shares: Sequence[float]) -> str:
    if not shares:
        return "-"
    spread = f" [{min(shares):.1%}, {max(shares):.1%}]" if len(shares) > 1 else ""
    return f"{fmean(shares):.1%}{spread}"


def _against(setting: Setting) -> str:
    return points(asdict(setting.change)) if setting.change else "-"


def _how_sure(worse: int, others: int) -> str:
    if worse == others:
        return ", better than each of the others beyond noise"
    return f", but {others - worse} of the {others} others are within noise of it: take whichever is cheaper"
