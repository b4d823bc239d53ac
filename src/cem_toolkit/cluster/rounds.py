"""Trains and asks a round's own model and its control arms side by side, each as a Ray task.

What a task leaves is whole stages below the round's folder. The run's own process goes over them afterwards as it does
after a `resume`, checks them by their checksums, and finds nothing to do.
"""

from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from cem_toolkit.arms import arm_names
from cem_toolkit.cluster.joining import joined
from cem_toolkit.cluster.portions import Portions
from cem_toolkit.cluster.tasks import EVENTS, OWN, do, folder_of, train_and_ask
from cem_toolkit.cluster.waiting import Tasks, threads, told
from cem_toolkit.config import Config
from cem_toolkit.console import Screen
from cem_toolkit.errors import CemError
from cem_toolkit.loop import Turn
from cem_toolkit.run import Run
from cem_toolkit.stages import Unfinished


class Others:
    """Other processes, for as long as the block lasts. Ray is started, or joined, when there is something for them."""

    def __init__(self, run: Run, config: Config, screen: Screen) -> None:
        self._run, self._config, self._screen = run, config, screen
        self._stack = ExitStack()
        self._ray: Any = None
        self.portions = Portions(run, config.ray, screen, self.ray)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def ray(self) -> Any:
        """The module `ray`, started."""
        if self._ray is None:
            self._ray = self._stack.enter_context(joined(self._config.ray, quiet=self._screen.quiet))
        return self._ray

    def train(self, turn: Turn) -> None:
        """What `go_rounds` calls."""
        _take_events(self._run, turn, self._config)
        todo = [name for name in (OWN, *arm_names(self._config)) if not _done(self._run, turn, name)]
        if not todo or (todo == [OWN] and not self._config.ray.address):
            return  # one training needs no Ray
        try:
            with Tasks(self.ray(), self._config.ray) as tasks:
                _train(tasks, self._run, turn.number, todo, self._screen)
        finally:
            _take_events(self._run, turn, self._config)


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
