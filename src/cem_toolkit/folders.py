"""Making a run's folder, and finding one."""

import contextlib
import datetime
import os
import random
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from cem_toolkit.run import NoRun, Run
from cem_toolkit.storage.urls import CACHE, copy_of, is_url
from cem_toolkit.store import write_json

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
    chance = random.SystemRandom()
    today = datetime.date.today().isoformat()
    while True:
        name = given or f"{today}-{chance.choice(ADJECTIVES.split())}-{chance.choice(ANIMALS.split())}"
        if (out / name).exists() or taken(name):
            name += f"-{chance.randrange(1000):03}"
        beside = out / f".{name}"
        with contextlib.suppress(FileExistsError):
            beside.mkdir()
            break
    (beside / "config.yaml").write_text(
        yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
    write_json(beside / "plan.json", plan)
    os.rename(beside, out / name)
    link = out / f".latest-{os.getpid()}"
    link.symlink_to(name)
    os.replace(link, out / "latest")
    return Run(out / name)


def _to_stderr(line: str) -> None:
    print(f"cem-toolkit: {line}", file=sys.stderr)


def find_run(reference: str, out: Path | str, cache: Path = CACHE, say: Callable[[str], None] = _to_stderr) -> Run:
    """The run that a path, a name below `out`, `latest`, or an address stands for. Raises CemError where there is none.

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
            return Run(folder.resolve())
    names = (
        sorted(path.parent.name for path in out.glob("*/plan.json") if path.parent.name != "latest")
        if out.is_dir()
        else []
    )
    there = f"there are {', '.join(names[-5:])}" if names else f"{out} holds no runs"
    raise NoRun(f"no run {reference!r}: {there}; give a path, a name or `latest` (and --out where runs lie elsewhere)")
