"""Too few file handles: a run ends with one clear line, or right, and afterwards goes on."""

import os
import random
import resource
from collections.abc import Callable, Iterable
from pathlib import Path

import warm
from checks import goes_on, refused, unclear
from outcome import Outcome
from tally import Tally
from undisturbed import make_reference

NAME = "handles"


def run(seed: int, short: bool, folder: Path, say: Callable[[str], None]) -> Iterable[Outcome]:
    chance = random.Random(f"{NAME} {seed}")  # noqa: S311 (not for secrets)
    reference, tally = make_reference(folder, seed, arms=False), Tally(NAME)
    most = 14
    for number, spare in enumerate(sorted(chance.sample(range(most), 2 if short else 10))):
        out, output = reference.world.folder / f"handles-{number}", folder / f"handles-{number}.txt"

        def before(spare: int = spare) -> None:
            here = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (a count, at a moment without one to spare)
            resource.setrlimit(resource.RLIMIT_NOFILE, (here - 1 + spare, here - 1 + spare))

        trying = warm.start(reference.world.evolve(out), reference.world.folder, output, before)
        trying.wait()
        wrong = (
            list(unclear(trying)) if trying.status == 0 else list(refused(trying, "too many open files", "Too many"))
        )
        wrong += goes_on(reference, out, output.with_suffix(".resumed"))
        say(tally.add(f"{spare} to spare", wrong))
    return tally.outcomes()
