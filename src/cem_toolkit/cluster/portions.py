"""Very many passages, in portions: each is a Ray task that reads its lines of a file and writes its results beside it.

What is done to each passage must depend on it alone; put together in order, results are those of one process.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from cem_toolkit.cluster.tasks import find, guarded
from cem_toolkit.cluster.waiting import Tasks, threads, told
from cem_toolkit.config import RayConfig
from cem_toolkit.console import Screen
from cem_toolkit.errors import CemError
from cem_toolkit.leaks import Drop, LeakGuard
from cem_toolkit.records import Passage, Record, Rewrite
from cem_toolkit.run import Run
from cem_toolkit.stages import Stages
from cem_toolkit.store import read_records, write_records

FEWEST = 50_000
"""Passages: fewer are done sooner by one process than by several that are started for them (docs/decisions/ray.md)."""
PORTION = 5_000
PASSAGES = "passages.jsonl"

R = TypeVar("R", bound=Record)


class Portions:
    """Of one run; `ray` gives the module, started, when it is needed."""

    def __init__(self, run: Run, options: RayConfig, screen: Screen, ray: Callable[[], Any]) -> None:
        self._run, self._options, self._screen, self._ray = run, options, screen, ray

    def worth(self, passages: Sequence[Passage]) -> bool:
        return len(passages) >= FEWEST

    def rewrite(
        self, passages: Sequence[Passage], folder: Path, rewriter: str, seed: int
    ) -> tuple[list[Rewrite], list[Drop]]:
        """As the rewriter of that name, and the check of what it wrote, do it. `folder` is the stage's."""
        return self._do(passages, folder / "portions", Rewrite, rewrite, rewriter, seed)

    def screen(self, passages: Sequence[Passage], folder: Path, attempts: Path) -> tuple[list[Passage], list[Drop]]:
        """As the leak guard against the questions in the file `attempts` does it."""
        return self._do(passages, folder / "portions", Passage, screen, str(attempts))

    def _do(
        self, passages: Sequence[Passage], folder: Path, cls: type[R], task: Callable[..., str], *arguments: str | int
    ) -> tuple[list[R], list[Drop]]:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        write_records(folder / PASSAGES, passages)
        starts = range(0, len(passages), PORTION)
        problems: list[str] = []
        with Tasks(self._ray(), self._options) as tasks:
            for start in starts:
                name = f"passages from {start:,} of {len(passages):,}"
                tasks.begin(name, task, str(self._run.folder), str(folder), start, *arguments, threads())
            while tasks:
                problems += told(tasks.next(), self._screen)
        if problems:
            raise CemError("\n".join(problems))
        kept = [record for start in starts for record in read_records(_place(folder, start, "kept"), cls)]
        dropped = [record for start in starts for record in read_records(_place(folder, start, "dropped"), Drop)]
        shutil.rmtree(folder)
        return kept, dropped


def rewrite(run: str, folder: str, start: int, rewriter: str, seed: int, threads: str | None) -> str:
    def work() -> None:
        from cem_toolkit.faithful import keep_faithful
        from cem_toolkit.steps import sealed_from

        stages = _stages(run)
        (chosen,) = [each for each in stages.crew.rewriters if each.name == rewriter]
        passages = list(_portion(folder, start))
        with sealed_from(stages, f"rewriter {rewriter}"):
            made = list(chosen.rewrite(passages, stages.with_seed(seed).without_model(chosen, Path(folder))))
        _write(folder, start, *keep_faithful(made, passages))

    return guarded(work, threads)


def screen(run: str, folder: str, start: int, attempts: str, threads: str | None) -> str:
    def work() -> None:
        _write(folder, start, *_guard(run, attempts).screen_passages(_portion(folder, start)))

    return guarded(work, threads)


@lru_cache(1)
def _stages(run: str) -> Stages:
    """Once for all portions that a process does."""
    from cem_toolkit.evolving import stages_of

    find(Path(run))
    return stages_of(Run(Path(run)), Screen(quiet=True), None)


@lru_cache(1)
def _guard(run: str, attempts: str) -> LeakGuard:
    from cem_toolkit.records import Attempt

    return _stages(run).guards.make(read_records(Path(attempts), Attempt))


def _portion(folder: str, start: int) -> Iterator[Passage]:
    with (Path(folder) / PASSAGES).open(encoding="utf-8") as file:
        for line in islice(file, start, start + PORTION):
            yield Passage.from_json(json.loads(line))


def _place(folder: Path, start: int, what: str) -> Path:
    return folder / f"{start:09}.{what}.jsonl"


def _write(folder: str, start: int, kept: Sequence[Record], dropped: Sequence[Record]) -> None:
    write_records(_place(Path(folder), start, "kept"), kept)
    write_records(_place(Path(folder), start, "dropped"), dropped)
