"""Two processes on one run: the second is refused in one line, the first goes on as if nothing had been."""

import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import warm
from checks import goes_on, last, refused, unclear
from moments import choose, reach
from outcome import Outcome
from tally import Tally
from undisturbed import Reference, make_reference

NAME = "two"


def run(seed: int, short: bool, folder: Path, say: Callable[[str], None]) -> Iterable[Outcome]:
    chance = random.Random(f"{NAME} {seed}")  # noqa: S311 (not for secrets)
    reference, tally = make_reference(folder, seed, arms=False), Tally(NAME)
    for number, stage in enumerate(chance.sample(reference.stages, 1 if short else 8)):
        wrong = list(_resume_beside(reference, chance, stage, folder, number))
        say(tally.add("resume beside evolve", wrong))
    for number, stage in enumerate(chance.sample(reference.stages, 1 if short else 6)):
        wrong = list(_look_beside(reference, chance, stage, folder, number))
        say(tally.add("show and report beside evolve", wrong))
    return tally.outcomes()


def _begin(reference: Reference, chance: random.Random, stage: str, out: Path, output: Path) -> warm.Try:
    first = warm.start(reference.world.evolve(out), reference.world.folder, output)
    reach(choose(chance, stage, reference.seconds[stage], by_clock=True), first, out)
    return first


def _resume_beside(reference: Reference, chance: random.Random, stage: str, folder: Path, number: int) -> Iterator[str]:
    out, output = reference.world.folder / f"two-{number}", folder / f"two-{number}.txt"
    first = _begin(reference, chance, stage, out, output)
    second = warm.start(reference.world.resume(out), reference.world.folder, output.with_suffix(".second"))
    second.wait()
    if not (first.ended() and second.status == 0):
        yield from refused(second, "another process is working on this run")
    if first.wait() != 0:
        yield f"the first ends with {first.status}: {last(first)}"
    yield from goes_on(reference, out, output)


def _look_beside(reference: Reference, chance: random.Random, stage: str, folder: Path, number: int) -> Iterator[str]:
    """Reading is always allowed, and disturbs nothing."""
    out, output = reference.world.folder / f"look-{number}", folder / f"look-{number}.txt"
    first = _begin(reference, chance, stage, out, output)
    while not first.ended():
        for command in ("show", "report"):
            looking = warm.start(
                [command, "latest", "--out", str(out)], reference.world.folder, output.with_suffix(f".{command}")
            )
            looking.wait()
            yield from unclear(looking) if looking.status == 0 else refused(looking, "has not been evaluated")
    if first.status != 0:
        yield f"the run ends with {first.status}: {last(first)}"
    yield from goes_on(reference, out, output)
