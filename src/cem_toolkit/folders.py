"""Making a run's folder, and finding one."""

import contextlib
import datetime
import os
import random
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cem_toolkit import trust
from cem_toolkit.errors import CemError
from cem_toolkit.plugins import one_line
from cem_toolkit.run import Run
from cem_toolkit.store import write_json

ADJECTIVES = (
    "amber brave calm clever eager fair gentle honest keen kind lucid merry patient quick quiet steady sunny wise"
)
ANIMALS = "badger crane dolphin falcon fox hare heron ibis lark lynx marten otter owl puffin raven seal stork wren"


def create_run(out: Path, config: Mapping[str, Any], plan: Mapping[str, Any]) -> Run:
    """A new run's folder, whole from the start: filled beside its place and renamed. `latest` then points to it."""
    out.mkdir(parents=True, exist_ok=True)
    chance = random.SystemRandom()
    today = datetime.date.today().isoformat()
    while True:
        name = f"{today}-{chance.choice(ADJECTIVES.split())}-{chance.choice(ANIMALS.split())}"
        if (out / name).exists():
            name += f"-{chance.randrange(1000):03}"
        beside = out / f".{name}"
        with contextlib.suppress(FileExistsError):
            beside.mkdir()
            break
    (beside / "config.yaml").write_text(
        yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
    write_json(beside / "plan.json", plan)
    trust.remember(beside)  # before there is anything to go on with
    os.rename(beside, out / name)
    link = out / f".latest-{os.getpid()}"
    link.symlink_to(name)
    os.replace(link, out / "latest")
    return Run(out / name)


def find_run(reference: str, out: Path) -> Run:
    """The run that a path, a name below `out`, or `latest` stands for. Raises CemError where there is none, and for a
    folder that leads out of itself."""
    for folder in (out / reference, Path(reference).expanduser()):
        if (folder / "config.yaml").is_file() and (folder / "plan.json").is_file():
            check_confined(folder.resolve())
            return Run(folder.resolve())
    names = (
        sorted(path.parent.name for path in out.glob("*/plan.json") if path.parent.name != "latest")
        if out.is_dir()
        else []
    )
    there = f"there are {', '.join(names[-5:])}" if names else f"{out} holds no runs"
    raise CemError(
        f"no run {reference!r}: {there}; give a path, a name or `latest` (and --out where runs lie elsewhere)"
    )


@contextlib.contextmanager
def opened(reference: str, out: Path) -> Iterator[Run]:
    """`find_run`, for commands that only read it: whatever its files make them fail at is one line, a CemError."""
    run = find_run(reference, out)
    try:
        yield run
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        frame = error.__traceback__
        while frame and frame.tb_next:
            frame = frame.tb_next
        place = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else ""
        raise CemError(
            f"{run.folder}: its files are not as this version writes them ({one_line(error)}, {place}); a run of your "
            "own can be made whole by `cem-toolkit resume`"
        ) from error


def check_confined(folder: Path) -> None:
    """Raises CemError where something in `folder` is a link to elsewhere, or neither file nor folder: whoever made it
    could have this user's files read or written, or have the program wait for ever."""
    for parent, folders, files in os.walk(folder):
        for path in (Path(parent, name) for name in (*folders, *files)):
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                try:
                    inside = path.resolve(strict=True).is_relative_to(folder)
                except (OSError, RuntimeError):  # leads nowhere, or round in a circle
                    inside = False
                if not inside:
                    raise CemError(f"{path}: is a link that leads out of the run's folder, as no run makes: remove it")
            elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise CemError(f"{path}: is neither a file nor a folder, as no run makes: remove it")
