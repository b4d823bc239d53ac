"""Making a run's folder, and finding one."""

import contextlib
import datetime
import fcntl
import os
import random
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cem_toolkit import trust
from cem_toolkit.errors import CemError, one_line
from cem_toolkit.files import SUFFIX, name_beside, replacing
from cem_toolkit.run import NoRun, Run
from cem_toolkit.storage.urls import CACHE, copy_of, is_url
from cem_toolkit.store import put_in_place, text_hash, with_checksum, write_json

ADJECTIVES = (
    "amber brave calm clever eager fair gentle honest keen kind lucid merry patient quick quiet steady sunny wise"
)
ANIMALS = "badger crane dolphin falcon fox hare heron ibis lark lynx marten otter owl puffin raven seal stork wren"


def create_run(
    out: Path,
    config: Mapping[str, Any],
    plan: Mapping[str, Any],
    taken: Callable[[str], bool] = lambda name: False,
    given: str | None = None,
) -> Run:
    """A new run's folder, whole from the start: filled beside its place and renamed. `latest` then points to it.

    `taken`: whether a name is in use elsewhere. `given`: the name that it is to have, which is free.
    """
    out.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
    with _alone(out):
        name = given or _free_name(out, taken)
        beside = name_beside(out / name)
        beside.mkdir()
        with replacing(beside / "config.yaml") as file:
            file.write_text(text, encoding="utf-8")
        write_json(beside / "plan.json", with_checksum({**plan, "config_sha256": text_hash(text)}))
        trust.remember(beside)  # before there is anything to go on with
        put_in_place(beside, out / name)
        link = name_beside(out / "latest")
        link.symlink_to(name)
        os.replace(link, out / "latest")
    return Run(out / name)


def runs_in(out: Path) -> list[Run]:
    """All runs below `out`, the newest first."""
    found = [path for path in out.glob("*/plan.json") if path.parent.name != "latest" and path.parent.name[0] != "."]
    return [Run(path.parent.resolve()) for path in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)]


def remove_half_made(out: Path) -> None:
    """Removes what processes that were killed had half made in `out`: runs, and the link to the latest."""
    with _alone(out):
        pass


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Runs of one folder are made one after the other, so that what lies half made there is of a process that was
    killed, and is removed."""
    with (out / ".making").open("a") as file:
        with contextlib.suppress(OSError):  # without locks names are chosen at random all the same
            fcntl.flock(file, fcntl.LOCK_EX)
            for path in out.glob(f".*{SUFFIX}"):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        yield


def _free_name(out: Path, taken: Callable[[str], bool]) -> str:
    chance = random.SystemRandom()
    name = f"{datetime.date.today().isoformat()}-{chance.choice(ADJECTIVES.split())}-{chance.choice(ANIMALS.split())}"
    while (out / name).exists() or taken(name):
        name += f"-{chance.randrange(1000):03}"
    return name


def _to_stderr(line: str) -> None:
    print(f"cem-toolkit: {line}", file=sys.stderr)


def find_run(reference: str, out: Path | str, cache: Path = CACHE, say: Callable[[str], None] = _to_stderr) -> Run:
    """The run that a path, a name below `out`, `latest`, or an address stands for. Raises CemError where there is none,
    and for a folder that leads out of itself.

    Of a run on storage (`s3://bucket/runs/latest`, or a name where `out` is an address) all is fetched, but for models,
    into a folder below `cache`; `say` is told of stages that are damaged there.
    """
    if is_url(reference) or is_url(str(out)):
        from cem_toolkit.storage.runs import fetch_run, parted

        url, name = parted(reference) if is_url(reference) else (str(out), reference)
        return fetch_run(url, name, copy_of(url, cache), say)
    out = Path(out)
    for folder in (out / reference, Path(reference).expanduser()):
        if (folder / "config.yaml").is_file() and (folder / "plan.json").is_file():
            check_confined(folder.resolve())
            return Run(folder.resolve())
    names = sorted(run.name for run in runs_in(out))
    there = f"there are {', '.join(names[-5:])}" if names else f"{out} holds no runs"
    raise NoRun(f"no run {reference!r}: {there}; give a path, a name or `latest` (and --out where runs lie elsewhere)")


@contextlib.contextmanager
def opened(reference: str, out: Path | str, cache: Path = CACHE) -> Iterator[Run]:
    """`find_run`, for commands that only read it: whatever its files make them fail at is one line, a CemError."""
    run = find_run(reference, out, cache)
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
            try:
                mode = path.lstat().st_mode
            except FileNotFoundError:  # the run goes on meanwhile
                continue
            if stat.S_ISLNK(mode):
                try:
                    inside = path.resolve(strict=True).is_relative_to(folder)
                except (OSError, RuntimeError):  # leads nowhere, or round in a circle
                    inside = False
                if not inside:
                    raise CemError(f"{path}: is a link that leads out of the run's folder, as no run makes: remove it")
            elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise CemError(f"{path}: is neither a file nor a folder, as no run makes: remove it")
