"""Trains and asks a round's own model and its control arms side by side, each as a Ray task.

What a task leaves is whole stages below the round's folder. The run's own process goes over them afterwards as it does
after a `resume`, checks them by their checksums, and finds nothing to do.
"""

import contextlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from cem_toolkit.arms import arm_names
from cem_toolkit.cluster.joining import joined
from cem_toolkit.cluster.tasks import EVENTS, OWN, do, folder_of, train_and_ask
from cem_toolkit.cluster.waiting import Tasks, threads, told
from cem_toolkit.config import Config
from cem_toolkit.console import Screen
from cem_toolkit.errors import CemError
from cem_toolkit.loop import Beside, Turn
from cem_toolkit.run import Run
from cem_toolkit.stages import Unfinished


@contextlib.contextmanager
def side_by_side(run: Run, config: Config, screen: Screen) -> Iterator[Beside]:
    """What `go_rounds` calls. Ray is started, or joined, with the first round that has several things to train."""
    with ExitStack() as stack:
        started: list[Any] = []

        def beside(turn: Turn) -> None:
            _take_events(run, turn, config)
            todo = [name for name in (OWN, *arm_names(config)) if not _done(run, turn, name)]
            if not todo or (todo == [OWN] and not config.ray.address):
                return  # one training needs no Ray
            if not started:
                started.append(stack.enter_context(joined(config.ray, quiet=screen.quiet)))
            try:
                with Tasks(started[0], config.ray) as tasks:
                    _train(tasks, run, turn.number, todo, screen)
            finally:
                _take_events(run, turn, config)

        yield beside


def _train(tasks: Tasks, run: Run, number: int, names: list[str], screen: Screen) -> None:
    labels = {f"round {number}, {f'arm {name}' if name else 'its own training'}": name for name in names}
    for label, name in labels.items():
        tasks.begin(label, train_and_ask, str(run.folder), number, name, threads(), screen.quiet)
    screen.log(f"round {number}: {len(labels)} trainings by Ray")
    problems = []
    while tasks:
        problems += told(tasks.next(), screen)
    if problems:
        raise CemError("\n".join([*problems, f"what is done is kept: `cem-toolkit resume {run.name}` does the rest"]))


def _done(run: Run, turn: Turn, name: str) -> bool:
    trial = turn.trial.working_in(run).looking_only()
    trial.screen = Screen(quiet=True)
    try:
        do(replace(turn, trial=trial), name)
    except Unfinished:
        return False
    return True


def _take_events(run: Run, turn: Turn, config: Config) -> None:
    for name in (OWN, *arm_names(config)):
        run.take_events(folder_of(run, turn.number, name) / EVENTS)
