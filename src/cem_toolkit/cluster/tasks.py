"""What a Ray task does: it is given names alone, and finds all else in the run's folder.

A stage is found again by its content key, so a task walks the loop as `resume` does, over finished stages, to the place
where its own work begins. Nothing of the run's state is sent to it.
"""

import os
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cem_toolkit.console import Screen
from cem_toolkit.errors import CemError, one_line
from cem_toolkit.loop import Turn, go_arm, go_own, go_rounds
from cem_toolkit.records import Model
from cem_toolkit.run import Run, Stage
from cem_toolkit.stages import Stages, Unfinished

OWN = ""
"""The round's own training, among the names of its arms."""
EVENTS = ".events.jsonl"
"""In the folder of what a task does, until the run's own process has taken them over."""
PATIENCE = 60.0
"""Seconds in which a shared disk may take to show what another machine has written."""


def folder_of(run: Run, number: int, name: str) -> Path:
    """Where the task of that name works."""
    return run.round(number).folder / (f"arms/{name}" if name else "")


def train_and_ask(run: str, number: int, name: str, threads: str | None, quiet: bool) -> str:
    """Does one training of round `number`, and its evaluation. Returns what went wrong in one line, or ""."""

    def work() -> None:
        folder = Path(run)
        find(folder)
        stages, model = _open(folder, quiet)
        turn = _go_to(stages, model, number)
        there = folder_of(Run(folder), number, name)
        there.mkdir(parents=True, exist_ok=True)
        own = Run(folder, record_in=(there / EVENTS).relative_to(folder).as_posix())
        do(replace(turn, trial=turn.trial.working_in(own)), name)

    return guarded(work, threads)


def go_on(run: str, threads: str | None, quiet: bool) -> str:
    """Does one whole run of a sweep, or what is left of it. Returns what went wrong in one line, or ""."""

    def work() -> None:
        from cem_toolkit.evolving import resume

        find(Path(run))
        resume(Run(Path(run)), progress=not quiet, trust=True)  # whoever began the task has looked

    return guarded(work, threads)


def do(turn: Turn, name: str) -> None:
    if name == OWN:
        go_own(turn)
    else:
        go_arm(turn, name)


class Silent(Stages):
    """Stages of a task: observers are told by the run's own process alone, once it has found the stage finished."""

    def notify(self, hook: str, **arguments: object) -> None: ...

    def finished(self, stage: Stage, before: bool) -> None: ...


def guarded(work: Callable[[], None], threads: str | None) -> str:
    _set_threads(threads)
    try:
        work()
    except CemError as error:
        return "; ".join(str(error).splitlines())
    except Exception as error:
        traceback.print_exc()
        return one_line(error)
    return ""


def _set_threads(threads: str | None) -> None:
    """As many as the run's own process has: sums in another number of parts are other sums. Ray sets one."""
    if threads is None:
        os.environ.pop("OMP_NUM_THREADS", None)
    else:
        os.environ["OMP_NUM_THREADS"] = threads


def find(folder: Path) -> None:
    if not (folder / "plan.json").is_file():
        raise CemError(
            f"machine {socket.gethostname()} does not see {folder}: with Ray on several machines `out` must be on a "
            "disk that all of them share, at the same path"
        )


def _open(folder: Path, quiet: bool) -> tuple[Stages, Model]:
    from cem_toolkit.evolving import open_run

    found, model = open_run(Run(folder), Screen(quiet=quiet, stream=sys.stderr), None)
    return Silent(found.config, found.crew, found.plugins, found.screen, found.config_folder, Run(folder)), model


class _There(Exception):  # noqa: N818 (no error: the walk ends so)
    def __init__(self, turn: Turn) -> None:
        super().__init__()
        self.turn = turn


def _go_to(stages: Stages, model: Model, number: int) -> Turn:
    """Walks over finished stages to the training of round `number`. Raises CemError where some cannot be seen here."""

    def beside(turn: Turn) -> None:
        if turn.number == number:
            raise _There(turn)

    began = time.monotonic()
    while True:
        try:
            ended = go_rounds(stages.looking_only(), model, beside)
        except _There as there:
            return there.turn
        except Unfinished as missing:
            if time.monotonic() - began > PATIENCE:
                raise CemError(
                    f"machine {socket.gethostname()} does not find {missing} in {stages.name} as it was done: it sees "
                    "another disk, or has other versions of the plugins, or other files of questions"
                ) from None
            time.sleep(1)
        else:
            raise CemError(f"round {number} has nothing to train on: {ended}")
