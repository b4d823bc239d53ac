"""What is asked of a command that met a fault: that it says so in one line, and that the run ends right afterwards."""

from collections.abc import Iterator
from pathlib import Path

from compare import differences, leftovers
from undisturbed import Reference
from warm import Try, start

ERROR = "cem-toolkit: error: "


def refused(trying: Try, *said: str) -> Iterator[str]:
    """What is wrong with a command that should have ended with one clear line about `said`, and exit code 2."""
    yield from unclear(trying)
    errors = [line for line in trying.said().splitlines() if line.startswith(ERROR)]
    if trying.status != 2:
        yield f"exit status {trying.status} instead of 2"
    elif len(errors) != 1:
        yield f"{len(errors)} error lines instead of one"
    elif said and not any(part in errors[0] for part in said):
        yield f"does not say {' or '.join(said)}: {errors[0]}"


def unclear(trying: Try) -> Iterator[str]:
    """A traceback, for whatever reason."""
    lines = trying.said().splitlines()
    if any(line.startswith("Traceback") for line in lines):
        yield f"a traceback: {last(trying)}"


def goes_on(reference: Reference, out: Path, output: Path, again: bool = False) -> Iterator[str]:
    """What is wrong with the run in `out` once it was resumed; with `again`, after files of it were damaged."""
    there = (out / "latest").exists()
    arguments = reference.world.resume(out) if there else reference.world.evolve(out, *reference.more)
    resumed = start(arguments, reference.world.folder, output)
    if resumed.wait(300) != 0:
        yield f"cannot be resumed: exit status {resumed.status}: {last(resumed)}"
        return
    yield from unclear(resumed)
    run = (out / "latest").resolve()
    yield from differences(run, reference.run, again)
    yield from leftovers(run.parent)


def last(trying: Try) -> str:
    """The last line that it said."""
    return next((line for line in reversed(trying.said().splitlines()) if line.strip()), "said nothing")[:300]
