"""Is a run what the undisturbed one is? Every difference is a line; none means that nothing was lost."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TIMES = {
    "peak_memory_bytes",
    "seconds",
    "finished",
    "reused_from",
    "checksum",
    "resumed_from_step",
    "reused",
    "run",
    "folder",
    "time",
}
"""What may differ: when and how fast it was done, by which run first, and under which name."""
LEFTOVERS = re.compile(r".*\.(part|partial|copy)|checkpoints|\.(latest|building|unpacking)-.*")


def differences(run: Path | None, reference: Path, again: bool = False) -> Iterator[str]:
    """Of a finished run from the undisturbed `reference`. With `again`, stages were damaged, so that some had to be
    done again and are told twice."""
    if run is None:
        yield "there is no run"
        return
    mine, theirs = _files(run), _files(reference)
    yield from (f"{name} is missing" for name in sorted(theirs - mine))
    yield from (f"{name} should not be there" for name in sorted(mine - theirs))
    for name in sorted(mine & theirs):
        if name.startswith("round-") and not _same(run / name, reference / name):
            yield f"{name} is not what an undisturbed run gives"
    yield from _summaries(run, reference)
    yield from _events(run, reference, again)


def leftovers(*folders: Path) -> Iterator[str]:
    """Of tries that were killed."""
    for folder in folders:
        yield from (f"{path} was left behind" for path in sorted(folder.rglob("*")) if LEFTOVERS.fullmatch(path.name))


def without_times(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: without_times(value) for name, value in data.items() if name not in TIMES}
    return [without_times(value) for value in data] if isinstance(data, list) else data


def _files(run: Path) -> set[str]:
    return {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}


def _same(one: Path, other: Path) -> bool:
    if one.name != "stage.json":
        return one.read_bytes() == other.read_bytes()
    try:
        notes = [without_times(json.loads(path.read_bytes())) for path in (one, other)]
    except ValueError:
        return False
    return bool(notes[0] == notes[1])


def _summaries(run: Path, reference: Path) -> Iterator[str]:
    from cem_toolkit.api import CemError
    from cem_toolkit.run import Run

    try:
        mine, theirs = (without_times(Run(path).summary()) for path in (run, reference))
    except CemError as error:
        yield f"the summary cannot be made: {error}"
        return
    yield from (f"the summary's {name} differs" for name in theirs if mine.get(name) != theirs[name])


def _events(run: Path, reference: Path, again: bool) -> Iterator[str]:
    ends = [Counter(_ended(path)) for path in (run, reference)]
    for (number, stage), _ in () if again else (ends[0] - ends[1]).items():
        yield f"events.jsonl tells more than once that {stage} of round {number} is finished"
    for (number, stage), _ in (ends[1] - ends[0]).items():
        yield f"events.jsonl does not tell that {stage} of round {number} is finished"
    lines = (run / "events.jsonl").read_text(encoding="utf-8", errors="replace").split("\n")
    if lines[-1] != "" or (not again and any(not _is_event(line) for line in lines[:-1])):
        yield "events.jsonl has a line that is no event"
    elif json.loads(lines[-2])["event"] != "run_finished":
        yield "events.jsonl does not end with the run's end"


def _ended(run: Path) -> Iterator[tuple[int, str]]:
    from cem_toolkit.run import Run

    for event in Run(run).events:
        if event["event"] == "stage_finished":
            yield event["round"], event["stage"]


def _is_event(line: str) -> bool:
    try:
        event = json.loads(line)
    except ValueError:
        return False
    return isinstance(event, dict) and {"time", "event"} <= event.keys()
