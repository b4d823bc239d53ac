"""What commands print for people: tables on stdout."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cem_toolkit.planning import Plan
from cem_toolkit.plugins import Plugins

NAMES = {
    "mined": "mined",
    "siblings": "siblings of mined",
    "held_out": "held out",
    "reviewed": "reviewed (own pair trained)",
}
PLAIN_WIDTH = 120
"""Columns, where stdout is no terminal."""


def _console() -> Console:
    """On a terminal as wide as it is, elsewhere wide enough for the tables."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


def print_summary(summary: Mapping[str, Any]) -> None:
    console = _console()
    console.print(
        f"run {escape(summary['run'])}: {escape(str(summary['model']))}, seed {summary['seed']}", soft_wrap=True
    )
    for turn in summary["rounds"]:
        console.print(_outcomes(turn))
        console.print(_cost(turn), soft_wrap=True)
    if not summary["finished"]:
        console.print(f"not finished; `cem-toolkit resume {escape(summary['run'])}` goes on")
    if summary["note"]:
        console.print(escape(summary["note"]))
    console.print(f"run folder: {escape(summary['folder'])}", soft_wrap=True)


def _outcomes(turn: Mapping[str, Any]) -> Table:
    table = Table(title=f"round {turn['round']}, against the starting model", title_justify="left")
    table.add_column("questions")
    for name in ("n", "right before", "right after", "points", "fixed, of wrong", "broken, of right"):
        table.add_column(name, justify="right")
    rows = [(label, turn[name]) for name, label in NAMES.items()]
    rows += [(f"general: {task}", outcome) for task, outcome in turn["general"].items()]
    for label, outcome in rows:
        if outcome["n"]:
            table.add_row(escape(label), *_cells(outcome))
    return table


def _cells(outcome: Mapping[str, int]) -> list[str]:
    n, before, after = outcome["n"], outcome["right_before"], outcome["right_after"]
    return [
        f"{n:,}",
        f"{before:,} ({before / n:.1%})",
        f"{after:,} ({after / n:.1%})",
        f"{(after - before) / n * 100:+.1f}",
        _rate(outcome["fixed"], n - before),
        _rate(outcome["broken"], before),
    ]


def _rate(part: int, whole: int) -> str:
    return f"{part:,}/{whole:,} ({part / whole:.1%})" if whole else "-"


def _cost(turn: Mapping[str, Any]) -> str:
    mistakes = ", ".join(f"{count:,} {kind}" for kind, count in sorted(turn["mistakes"].items()))
    rows = ", ".join(f"{count:,} {kind}" for kind, count in turn["rows"].items())
    dropped = ", ".join(f"{count:,} for {reason}" for reason, count in turn["dropped"].items())
    seconds = ", ".join(f"{name} {value:,.0f} s" for name, value in turn["seconds"].items())
    lines = [
        f"  mistakes: {mistakes or 'none'}; passages: {turn['passages']:,}; dropped as leaks: {dropped or 'none'}",
        f"  training rows: {rows or 'none'}; {turn['tokens']:,} tokens a pass",
        f"  time: {seconds}" + (f" (reused: {', '.join(turn['reused'])})" if turn["reused"] else ""),
        f"  model {turn['model']['before']} -> {turn['model']['after']}",
    ]
    return escape("\n".join(lines))


def print_plan(plan: Plan) -> None:
    console = _console()
    console.print(f"model {escape(plan.model)} ({plan.model_bytes / 1e6:,.0f} MB of weights)")
    questions = ", ".join(f"{task} {count:,}" for task, count in plan.questions.items())
    console.print(
        f"questions: {escape(questions)}; about {plan.evaluation_tokens:,} tokens an evaluation", soft_wrap=True
    )
    budget = f"at most {plan.training_tokens:,} tokens a round" if plan.training_tokens else "no token budget is set"
    console.print(f"training: {budget}")
    table = Table("round", "stage", "what happens", title="plan", title_justify="left")
    for stage in plan.stages:
        done = "reused: done already" if stage.reused else f"to do, about {_time(stage.seconds)}"
        table.add_row(str(stage.round), escape(stage.name), done)
    console.print(table)
    console.print(f"time: about {_time(plan.seconds)} ({plan.basis})", soft_wrap=True)
    console.print(f"disk: up to {plan.disk_bytes / 1e9:.1f} GB; {plan.disk_free_bytes / 1e9:.1f} GB are free")


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def print_plugins(found: Plugins) -> None:
    console = _console()
    table = Table("role", "name", "version", "from")
    for entry in sorted(found.registered, key=lambda entry: (entry.role, entry.cls.name)):
        table.add_row(entry.role, escape(entry.cls.name), escape(entry.cls.version), escape(entry.distribution))
    console.print(table)
    for broken in found.broken:
        console.print(
            f"broken: {escape(broken.name)} ({escape(broken.distribution)}): {escape(broken.reason)}", soft_wrap=True
        )
