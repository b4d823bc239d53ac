"""A disk that is full, or becomes read-only, at random moments: one clear line, and after it is mended, the same run.

The disk is a small file system in memory, which a file of the rest of its size fills at once.
"""

import json
import os
import random
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import warm
from checks import goes_on, refused
from moments import START, choose, reach
from mounts import enter_namespace, make_read_only, make_writable, mount_small
from outcome import Outcome
from tally import Tally
from undisturbed import Reference, make_reference

NAME = "disk"
MEGABYTES = 700
"""More than training wants to be free."""
FULL = ("the disk is full", "No space left", "make room")
READ_ONLY = ("read-only", "Read-only")


def run(seed: int, short: bool, folder: Path, say: Callable[[str], None]) -> Iterable[Outcome]:
    """In a process of its own, which mounts the file systems and says what it found in a file."""
    reference, found = make_reference(folder, seed, arms=False), folder / "disk.json"
    trying = warm.fork(lambda: _apart(reference, seed, short, folder, found), folder, folder / "disk.txt")
    trying.wait(1200)
    if not found.exists():
        return [Outcome(NAME, "all", 1, 0, 1, f"the check itself failed: {trying.said()[-300:]}")]
    outcomes = [Outcome(**each) for each in json.loads(found.read_text(encoding="utf-8"))]
    for each in outcomes:
        say(f"{each.family}: {each.fault}: {each.note or 'well'}")
    return outcomes


def _apart(reference: Reference, seed: int, short: bool, folder: Path, found: Path) -> None:
    chance = random.Random(f"{NAME} {seed}")  # noqa: S311 (not for secrets)
    tally = Tally(NAME)
    disk = folder / "disk"
    disk.mkdir()
    try:
        enter_namespace()
        mount_small(disk, MEGABYTES)
    except OSError as error:
        for fault in ("full", "read-only"):
            tally.skip(fault, f"no file system can be mounted here: {error.strerror}")
    else:
        targets = [START, *reference.stages]
        for number, stage in enumerate(chance.sample(targets, 2) if short else targets):
            for fault, breaking, words in (("full", full, FULL), ("read-only", read_only, READ_ONLY)):
                name = f"{fault}-{number}"
                try:
                    wrong = list(_break(reference, chance, stage, disk / name, breaking, words, folder / f"{name}.txt"))
                except Exception:
                    wrong = [traceback.format_exc()[-300:]]
                tally.add(f"{fault}: {stage.rpartition('round-')[2]}", wrong)
    found.write_text(json.dumps([vars(each) for each in tally.outcomes()]), encoding="utf-8")


def _break(
    reference: Reference,
    chance: random.Random,
    stage: str,
    out: Path,
    breaking: Any,
    words: tuple[str, ...],
    output: Path,
) -> Iterator[str]:
    """Breaks the disk once the run has come to `stage`."""
    moment = choose(chance, stage, reference.seconds.get(stage, 0.2), by_clock=True)
    out.mkdir()
    cache = ("--set", f"cache={out / 'cache'}")
    if stage == START:
        with breaking(out, chance):
            trying = warm.start(reference.world.evolve(out, *cache), reference.world.folder, output)
            trying.wait()
    else:
        trying = warm.start(reference.world.evolve(out, *cache), reference.world.folder, output)
        if reach(moment, trying, out):
            with breaking(out, chance):
                trying.wait()
    if trying.status is None:
        yield "hangs"
    elif trying.status != 0:  # 0: it had written all it had to
        yield from refused(trying, *words)
    yield from goes_on(reference, out, output.with_suffix(".resumed"))


@contextmanager
def full(out: Path, chance: random.Random) -> Iterator[None]:
    """Some KB are left, or none."""
    filler, page = out.parent / "filler", bytes(4096)
    with filler.open("wb", buffering=0) as file:
        state = os.statvfs(out)
        os.posix_fallocate(file.fileno(), 0, max(state.f_bavail * state.f_frsize - 2**21, 1))  # at once
        file.seek(0, os.SEEK_END)
        with suppress(OSError):  # what the run itself writes meanwhile is not known
            while True:
                file.write(page)
        file.truncate(file.tell() - chance.choice([0, 0, 1, 10, 50]) * len(page))
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def read_only(out: Path, chance: random.Random) -> Iterator[None]:
    make_read_only(out)
    try:
        yield
    finally:
        make_writable(out)
