"""SIGTERM, Ctrl-C and a closed terminal (SIGHUP) at random moments: the command ends within seconds and says how to go
on, its children end with it, and `resume` ends right."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import warm
from checks import goes_on, last, unclear
from moments import choose, reach
from outcome import Outcome
from tally import Tally
from undisturbed import Reference, make_reference

NAME = "signals"
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
WITHIN = 12.0
"""Seconds until the process must have ended; it ends itself by force after 8."""


def run(seed: int, short: bool, folder: Path, say: Callable[[str], None]) -> Iterable[Outcome]:
    chance = random.Random(f"{NAME} {seed}")  # noqa: S311 (not for secrets)
    reference, tally = make_reference(folder, seed, arms=False), Tally(NAME)
    targets = chance.sample(reference.stages, 2) if short else reference.stages
    targets = [*targets, next(stage for stage in reference.stages if stage.endswith("/train"))]
    for number, stage in enumerate(targets):
        name = SIGNALS[number % len(SIGNALS)]
        out = reference.world.folder / f"signal-{number}"
        wrong = list(_send(reference, chance, stage, name, out, folder / f"signal-{number}.txt"))
        say(tally.add(f"{name.name} in {stage.rpartition('round-')[2].partition('/')[2]}", wrong))
    return tally.outcomes()


def _send(
    reference: Reference, chance: random.Random, stage: str, number: signal.Signals, out: Path, output: Path
) -> Iterator[str]:
    moment = choose(chance, stage, reference.seconds[stage], by_clock=True)
    trying = warm.start(reference.world.evolve(out), reference.world.folder, output)
    reach(moment, trying, out)
    children = set(_descendants(trying.process))
    sent = time.monotonic()
    trying.kill(number)
    children |= set(_descendants(trying.process))
    while not trying.ended() and time.monotonic() - sent < WITHIN:
        time.sleep(0.01)
    if not trying.ended():
        trying.kill()
        yield f"does not end within {WITHIN:g} s: {last(trying)}"
    elif trying.status == 0 and "run_finished" in (out / "latest" / "events.jsonl").read_text(encoding="utf-8"):
        pass  # the signal came too late
    elif trying.status != 128 + number:
        yield f"exit status {trying.status} instead of {128 + number}: {last(trying)}"
    elif "cem-toolkit resume" not in trying.said():
        yield f"does not say how to go on: {last(trying)}"
    yield from unclear(trying)
    yield from _orphans(children)
    yield from goes_on(reference, out, output)


def _descendants(process: int) -> Iterator[int]:
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, path.read_text().split()):
                yield child
                yield from _descendants(child)


def _orphans(children: set[int]) -> Iterator[str]:
    """Those of the children that live on, after some time to see that their parent is gone."""
    deadline = time.monotonic() + 5
    while (living := {child for child in children if _lives(child)}) and time.monotonic() < deadline:
        time.sleep(0.05)
    for child in living:
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)
    if living:
        yield f"{len(living)} child processes live on"


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
