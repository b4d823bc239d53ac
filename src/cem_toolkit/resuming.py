"""Which command goes on with a run that an error broke off: noted where the run is known, told where the error ends."""

import contextlib
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

COMMAND = "cem-toolkit resume "


@contextlib.contextmanager
def resumable(run: Path) -> Iterator[None]:
    """Notes in whatever is raised meanwhile how to go on with the run in that folder."""
    try:
        yield
    except BaseException as error:
        path = os.path.relpath(run)
        error.add_note(COMMAND + shlex.quote(str(run) if path.startswith("..") else path))
        raise


def how_to_resume(error: BaseException) -> str | None:
    """The command that goes on, or None where no run was under way."""
    notes = (note for each in chain(error) for note in getattr(each, "__notes__", ()))
    return next((note for note in notes if note.startswith(COMMAND)), None)


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that it was raised from."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__
