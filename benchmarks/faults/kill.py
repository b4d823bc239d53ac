"""kill -9 at seeded random moments of a real run, over and over, each time followed by `resume`.

In the end the run must be what the undisturbed one is, to the last byte of every record and every weight. Runs are
killed alone, and two at a time that share one `out` and take stages from each other; where the trainer takes several
processes, with two of them as well.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import warm
from compare import differences, leftovers
from moments import REPORT, START, arm, choose, finished, has_begun
from outcome import Outcome
from undisturbed import Reference, make_reference

NAME = "kill"
KILLS, FEW = 210, 10
EACH = 14
"""Kills that one run is given, at most."""
PATIENCE = 300.0
WEIGHTS = {"train": 3}
"""Stages with more moments to them."""


@dataclass
class Killed:
    """One run's history."""

    out: str
    name: str
    moments: list[str] = field(default_factory=list)
    """What each kill hit."""
    wrong: str = ""


def run(seed: int, short: bool, folder: Path, say: Any) -> Iterable[Outcome]:
    chance = random.Random(seed)  # noqa: S311 (not for secrets)
    reference = make_reference(folder, seed, arms=not short)
    wanted = FEW if short else KILLS
    done: list[tuple[str, Killed]] = []
    hit: Counter[str] = Counter()
    for how, share, more in _ways(folder, seed, short, reference):
        goal, number = sum(len(each.moments) for _, each in done) + round(wanted * share), 0
        while sum(len(each.moments) for _, each in done) < goal:
            number += 1
            outs = [f"{how}-{number}"] * 2 if how == "shared" else [f"{how}-{number}-{side}" for side in "ab"]
            runs = [Killed(out, f"{how}-{number}-{side}") for out, side in zip(outs, "ab", strict=True)]
            runs = runs[: 1 if short and how != "shared" else 2]
            most = min(EACH, goal - sum(len(each.moments) for _, each in done))
            ways = [_kill(each, more, hit, chance, -(-most // len(runs)), folder) for each in runs]
            while ways:  # side by side: one waits while the other works
                ways = [way for way in ways if next(way, None) is not None]
                time.sleep(0.002)
            for each in runs:  # only now: of two in one folder the other may have been at work yet
                each.wrong = each.wrong or _first(leftovers(reference.world.folder / each.out))
                done.append((how, each))
                say(f"{each.name}: {len(each.moments)} kills, {each.wrong or 'as undisturbed'}")
    return _outcomes(done)


def _ways(folder: Path, seed: int, short: bool, reference: Reference) -> Iterator[tuple[str, float, Reference]]:
    """How runs are killed, which share of the kills that gets, and the run to be compared with."""
    from cem_trl.options import TrlOptions

    both = "processes" in TrlOptions.model_fields
    if short:
        yield "alone", 1.0, reference
        return
    yield "alone", 0.65 if both else 0.75, reference
    yield "shared", 0.25, reference
    if both:
        settings = ("--set", "trainer.processes=2")
        yield "two processes", 0.1, make_reference(folder, seed, arms=False, name="two", more=settings)


def _kill(
    killed: Killed, reference: Reference, hit: Counter[str], chance: random.Random, most: int, folder: Path
) -> Iterator[bool]:
    """Kills a run up to `most` times, lets it end, and compares. Yields while it waits."""
    world, stages = reference.world, [START, *reference.stages, REPORT]
    out, output = world.folder / killed.out, folder / f"{killed.name}.txt"
    cache = ("--set", f"cache=cache-{killed.out}") if chance.random() < 0.3 else ()
    status: int | None = None
    while True:
        run = _run_of(out, killed.name)
        pending = [stage for stage in stages if stage not in finished(run)]
        last = len(killed.moments) >= most
        near = pending[: chance.choice([2, 5, 12, 99])]
        target = min(near, key=lambda stage: (hit[stage] / WEIGHTS.get(stage.rpartition("/")[2], 1), chance.random()))
        moment = choose(chance, target, reference.seconds.get(target, 1.0))
        command = world.resume(killed.out, run.name) if run else world.evolve(killed.out, *cache, *reference.more)
        mark = _marking(killed.name, None if last else arm(moment, out))
        trying = warm.start(command, world.folder, output, mark)
        since: float | None = None
        deadline = time.monotonic() + PATIENCE
        while not trying.ended():
            yield True
            if time.monotonic() > deadline:
                trying.kill()
                killed.wrong = f"hangs after {PATIENCE:g} s: {_last(trying)}"
                return
            if last or moment.seconds is None:
                continue
            if since is None and has_begun(target, run or _run_of(out, killed.name)):
                since = time.monotonic()
            if since is not None and time.monotonic() - since >= moment.seconds:
                trying.kill()
        status = trying.status
        if status == -9:
            where = _where(_run_of(out, killed.name), stages)
            killed.moments.append(where)
            hit[where] += 1
        elif status == 0:
            break
        else:
            killed.wrong = f"exit status {status} after a kill in {killed.moments[-1:]}: {_last(trying)}"
            return
    said = output.read_text(encoding="utf-8", errors="replace")
    wrong = [line for line in said.splitlines() if line.startswith("Traceback")]
    wrong += differences(_run_of(out, killed.name), reference.run)
    killed.wrong = _first(wrong)


def _first(wrong: Iterable[str]) -> str:
    """What is said of all that is wrong, or ""."""
    found = list(wrong)
    return f"{found[0]} ({len(found)} differences)" if found else ""


def _marking(name: str, more: Any) -> Any:
    def before() -> None:
        import sys

        sys.argv = ["cem-toolkit", name]  # noted in the run's plan, by which it is found again
        if more:
            more()

    return before


def _run_of(out: Path, name: str) -> Path | None:
    """The run in `out` that the command of that name began."""
    for path in out.glob("2*/plan.json"):
        if json.loads(path.read_text(encoding="utf-8"))["command"][1:] == [name]:
            return path.parent.resolve()
    return None


def _where(run: Path | None, stages: list[str]) -> str:
    """The stage that was under way, or was next."""
    there = finished(run)
    if run is None:
        return START
    return next((stage for stage in stages if stage not in there and stage != START), REPORT)


def _last(trying: warm.Try) -> str:
    return next((line for line in reversed(trying.said().splitlines()) if line.strip()), "said nothing")[:200]


def _outcomes(done: list[tuple[str, Killed]]) -> Iterator[Outcome]:
    """By the way of killing and what was hit. A kill survived if the run that it hit ended as the undisturbed one."""
    for how in dict.fromkeys(how for how, _ in done):
        runs = [each for way, each in done if way == how]
        for stage in dict.fromkeys(sorted(moment for each in runs for moment in each.moments)):
            tried = sum(each.moments.count(stage) for each in runs)
            lost = [each for each in runs if each.wrong and stage in each.moments]
            count = sum(each.moments.count(stage) for each in lost)
            yield Outcome(NAME, f"{how}: {stage}", tried, tried - count, count, lost[0].wrong if lost else "")
        if any(each.wrong and not each.moments for each in runs):
            yield Outcome(NAME, f"{how}: before any kill", 1, 0, 1, next(e.wrong for e in runs if e.wrong))
