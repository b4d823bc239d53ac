"""Fuzzing of everything that parses: an answer, or a CemError of one line; never anything else.

Each target (fuzz_core.py, fuzz_plugins.py, fuzz_methods.py) runs in a process of its own (fuzz_child.py) by hypothesis,
and by atheris where that is installed. Inputs are counted when they were really run.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fuzz_core
import fuzz_methods
import fuzz_plugins
from network_sources import Say
from outcome import Outcome

NAME = "fuzz"
TARGETS = fuzz_core.TARGETS | fuzz_plugins.TARGETS | fuzz_methods.TARGETS
BY_HYPOTHESIS = {True: 100, False: 1000}
"""Inputs of each target in the short and in the full form; the full form's others are atheris's."""
LIMIT = 3600
"""Seconds for one target and engine."""


@dataclass(frozen=True)
class Job:
    name: str
    engine: str
    inputs: int


def run(seed: int, short: bool, folder: Path, say: Say) -> Iterable[Outcome]:
    """One outcome for each target; a try is an input, and lost is each kind of bad end."""
    guided = not short and find_spec("atheris") is not None
    if not short and not guided:
        say("fuzz: atheris is not installed (pip install atheris): fewer inputs, by hypothesis alone")
    jobs = [
        Job(name, engine, inputs)
        for name, target in TARGETS.items()
        for engine, inputs in (("hypothesis", BY_HYPOTHESIS[short]), ("atheris", target.inputs if guided else 0))
        if inputs
    ]
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        running = {job: pool.submit(_run, job, seed, folder, say) for job in jobs}
        for name in TARGETS:
            ours = {job.engine: tally.result() for job, tally in running.items() if job.name == name}
            found = [what for tally in ours.values() for what in tally["found"]]
            inputs = sum(tally["inputs"] for tally in ours.values())
            told = "; ".join(
                f"{engine}: {each['inputs']:,} in {each['seconds']:.0f} s" for engine, each in ours.items()
            )
            yield Outcome(NAME, name, inputs, inputs - len(found), len(found), found[0] if found else told)


def _run(job: Job, seed: int, folder: Path, say: Say) -> dict[str, Any]:
    own = folder / f"{fuzz_core.slug(job.name)}-{job.engine}"
    own.mkdir(parents=True, exist_ok=True)
    child = [sys.executable, str(Path(__file__).with_name("fuzz_child.py"))]
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 (a folder of its own is made there)
    with (own / "log").open("wb") as log, tempfile.TemporaryDirectory(prefix="cem-fuzz-", dir=memory) as scratch:
        command = [*child, job.engine, job.name, str(job.inputs), str(seed), str(own), scratch]
        try:
            done = subprocess.run(command, stdout=log, stderr=log, timeout=LIMIT, check=False).returncode
        except subprocess.TimeoutExpired:
            done = -1
        if done != 0 and (last := Path(scratch) / "last").is_file():
            (own / "found").mkdir(exist_ok=True)
            shutil.copy(last, own / "found" / "last")
    try:
        tally: dict[str, Any] = json.loads((own / "tally.json").read_text())
    except OSError:
        tally = {"inputs": 0, "found": {}, "seconds": 0.0}
    if done != 0:
        tally["found"][f"the process ended with {done}; see {own / 'log'}"] = "last"
    for what, name in tally["found"].items():
        say(f"fuzz: {job.name}: {what} ({own / 'found' / name})")
    return tally
