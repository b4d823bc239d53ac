"""What commands print for people: tables on stdout."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cem_toolkit.console import PlainConsole
from cem_toolkit.planning import Plan

PLAIN_WIDTH = 120
"""Columns, where stdout is no terminal."""


def make_console() -> Console:
    """On a terminal as wide as it is, elsewhere wide enough for the tables."""
    console = PlainConsole(highlight=False)
    return console if console.is_terminal else PlainConsole(highlight=False, width=PLAIN_WIDTH)


def print_plan(plan: Plan) -> None:
    console = make_console()
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
