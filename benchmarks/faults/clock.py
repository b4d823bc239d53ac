"""The system's clock jumps by a year, back and forth, while a run works and between its tries.

The results are the same, nothing took a negative time, and nothing waits for a year.

Processes see the jumps by libfaketime (Debian: faketime), which as the system does leaves the monotonic clock alone.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from compare import differences, leftovers
from outcome import Outcome
from tally import Tally
from undisturbed import make_reference

NAME = "clock"
LIBRARIES = [
    *([Path(os.environ["FAKETIME_LIBRARY"])] if "FAKETIME_LIBRARY" in os.environ else []),
    *Path("/usr/lib").glob("*/faketime/libfaketime.so.1"),
]
JUMPS = ("-1y", "+1y", "-3h", "+0", "-1d", "+30d")
COMMAND = [sys.executable, "-c", "from cem_toolkit.cli import main; main()"]
WITHIN = 300.0


def run(seed: int, short: bool, folder: Path, say: Callable[[str], None]) -> Iterable[Outcome]:
    chance = random.Random(f"{NAME} {seed}")  # noqa: S311 (not for secrets)
    reference, tally = make_reference(folder, seed, arms=False), Tally(NAME)
    if not LIBRARIES:
        tally.skip("jumps", "libfaketime is not installed (Debian: faketime), nor named by FAKETIME_LIBRARY")
        return tally.outcomes()
    for number in range(1 if short else 3):
        out, file = reference.world.folder / f"clock-{number}", folder / f"clock-{number}.faketime"
        tries, jumps, wrong = 0, 0, list[str]()
        arguments = reference.world.evolve(out)
        while True:
            tries += 1
            ends_at = time.monotonic() + (chance.uniform(5, 15) if tries < 3 and not short else WITHIN)
            status, jumped = _jump(arguments, reference.world.folder, file, chance, ends_at)
            jumps += jumped
            if status == 0:
                wrong += [*differences((out / "latest").resolve(), reference.run), *leftovers(out), *_times(out)]
                break
            if status is None and tries >= 3:
                wrong.append(f"has not ended within {WITHIN:g} s")
                break
            if status is not None:
                wrong.append(f"exit status {status}: {file.with_suffix('.txt').read_text()[-300:]}")
                break
            arguments = reference.world.resume(out) if (out / "latest").exists() else arguments
        say(tally.add("jumps while it works and between tries", wrong) + f" ({jumps} jumps, {tries} tries)")
    return tally.outcomes()


def _jump(
    arguments: list[str], folder: Path, file: Path, chance: random.Random, ends_at: float
) -> tuple[int | None, int]:
    """Runs the command while the clock jumps every second or so, and kills it in the end. Its exit status and how often
    the clock jumped."""
    _set(file, chance.choice(JUMPS))
    environment = {
        **os.environ,
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    jumps = 0
    with file.with_suffix(".txt").open("ab") as output:
        process = subprocess.Popen(
            [*COMMAND, *arguments], cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while time.monotonic() < ends_at:
                try:
                    return process.wait(chance.uniform(0.2, 1.5)), jumps
                except subprocess.TimeoutExpired:
                    _set(file, chance.choice(JUMPS))
                    jumps += 1
            return None, jumps
        finally:
            process.kill()
            process.wait()


def _set(file: Path, offset: str) -> None:
    beside = file.with_suffix(".new")
    beside.write_text(offset + "\n", encoding="utf-8")
    beside.replace(file)


def _times(out: Path) -> Iterator[str]:
    for note in (out / "latest").rglob("stage.json"):
        seconds = json.loads(note.read_text(encoding="utf-8"))["seconds"]
        if not 0 <= seconds < WITHIN:
            yield f"{note.parent.name} is said to have taken {seconds} s"
