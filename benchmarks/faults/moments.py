"""Moments to kill a run at: so long after a stage began, or just before the so-manieth change of a file from then on.

The first kind falls anywhere, in compiled code too; the second between the steps of sealing, renaming and publishing,
which take too little time to be met by the clock.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warm import Try

CHANGES = {
    "open": 0, "os.rename": 0, "os.link": 1, "os.mkdir": 0, "os.remove": 0, "os.rmdir": 0, "os.symlink": 1,
    "shutil.rmtree": 0,
}  # fmt: skip
"""Audit events that change files, and which argument names one."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
FILES = 14
"""A stage changes about so many files, from its beginning to its publication."""
START, REPORT = "start", "report"
"""Beside the stages: before the first, and after the last."""


@dataclass(frozen=True)
class Moment:
    """When to kill."""

    stage: str
    """Its place below the run, such as `round-1/train`; `START` or `REPORT`."""
    seconds: float | None = None
    """After the stage's beginning."""
    change: int | None = None
    """Or at this one of the changes of files from then on."""


def choose(chance: random.Random, stage: str, takes: float, by_clock: bool = False) -> Moment:
    """A moment in a stage that takes so many seconds, or a little after it."""
    if chance.random() < 0.45 and not by_clock:
        return Moment(stage, change=chance.randint(1, FILES))
    early = 0.4 if stage.endswith("/train") else 0  # before its first checkpoint a training only loads
    return Moment(stage, seconds=chance.uniform(early * takes, 1.1 * takes + 0.02))


def arm(moment: Moment, folder: Path) -> Callable[[], Any] | None:
    """What the process calls before it works: nothing, or what has it kill itself at a change below `folder`."""
    if moment.change is None:
        return None
    mark = {START: "", REPORT: "report.html"}.get(moment.stage, f"/{moment.stage}.partial")
    root, left, begun = str(folder), [moment.change], [False]

    def see(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in CHANGES or (event == "open" and not (arguments[2] or 0) & WRITING):
            return
        path = arguments[CHANGES[event]]
        if not isinstance(path, (str, os.PathLike)) or not (text := os.path.realpath(path)).startswith(root):
            return
        begun[0] = begun[0] or mark in text
        left[0] -= begun[0]
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return lambda: sys.addaudithook(see)


def reach(moment: Moment, trying: Try, out: Path) -> bool:
    """Waits until the process that works on the only run in `out` is there; False where it ends before."""
    link, since = out / "latest", None
    while not trying.ended():
        if since is None and has_begun(moment.stage, link.resolve() if link.exists() else None):
            since = time.monotonic()
        if since is not None and time.monotonic() - since >= (moment.seconds or 0):
            return True
        time.sleep(0.003)
    return False


def has_begun(stage: str, run: Path | None) -> bool:
    """Whether the process that works on the run has come to that stage, or beyond."""
    if stage == START:
        return True
    told = list(events(run))
    last = max((place for place, event in enumerate(told) if event["event"] == "run_resumed"), default=0)
    names = {name_of(event) for event in told[last:]}
    return stage in names or (stage == REPORT and "run_finished" in {event["event"] for event in told[last:]})


def name_of(event: dict[str, Any]) -> str:
    return f"round-{event.get('round')}/{event.get('stage')}"


def events(run: Path | None) -> list[dict[str, Any]]:
    if run is None or not (run / "events.jsonl").exists():
        return []
    found = []
    for line in (run / "events.jsonl").read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def finished(run: Path | None) -> set[str]:
    return {name_of(event) for event in events(run) if event["event"] == "stage_finished"}
