"""Keeps plugins that steer a run away from the questions that must not steer it.

Miner, sources and mixer are handed mined questions only. While they work, this process refuses to open the files that
hold the others: stored answers of any run, and the question files of the run's tasks. It is a guard against mistakes
in plugins, which it turns into an error; it is no prison for code that means harm.
"""

import contextlib
import os
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from cem_toolkit.errors import CemError

ANSWERS = "attempts.jsonl"
"""The file of an evaluation's results."""

_hooked = False
_watch: "_Watch | None" = None


class _Watch:
    def __init__(self, who: str, runs: Path, questions: Collection[Path]) -> None:
        self.who, self.runs = who, str(runs.resolve()) + os.sep
        self.questions = {str(path.resolve()) for path in questions if path.is_file()}
        self.refused: CemError | None = None

    def see(self, path: str) -> None:
        real = os.path.realpath(path)
        stored = os.path.basename(real) == ANSWERS and real.startswith(self.runs)  # noqa: PTH119 (called for every open)
        if stored or real in self.questions:
            self.refused = CemError(
                f"{self.who}: tried to read {path}, which holds questions that must not steer the run"
            )
            raise self.refused


@contextlib.contextmanager
def sealed(who: str, runs: Path, questions: Collection[Path]) -> Iterator[None]:
    """While the component named `who` works, opening answers stored below `runs`, or a file of `questions`, raises.

    Raises CemError in the end even where the component has caught the error.
    """
    global _watch  # noqa: PLW0603 (an audit hook has no other state)
    _hook_in()
    watch, before = _Watch(who, runs, questions), _watch
    _watch = watch
    try:
        yield
    finally:
        _watch = before
    if watch.refused:
        raise watch.refused


def _hook_in() -> None:
    """Audit hooks cannot be removed, so there is one for the whole process."""
    global _hooked  # noqa: PLW0603
    if not _hooked:
        sys.addaudithook(_audit)
        _hooked = True


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _watch is not None and event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
        _watch.see(os.fsdecode(arguments[0]))
