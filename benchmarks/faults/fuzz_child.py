"""One target of fuzzing in a process of its own, for a parser in C may crash it, and an input may want all memory.

    python fuzz_child.py ENGINE TARGET INPUTS SEED FOLDER SCRATCH

ENGINE is `hypothesis`, or `atheris`, which looks for inputs that reach branches not seen before. Writes what came of it
to FOLDER/tally.json, and each input that is survived badly to FOLDER/found. SCRATCH is for the files that targets read,
and for the input that is being run.
"""

import contextlib
import hashlib
import json
import os
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

SLOW = 10.0
"""Seconds of one input that are a finding."""
MEMORY = 1 << 30
"""Bytes by which the process may grow."""
WATCHED = (
    "cem_toolkit",
    "cem_wiki",
    "cem_search",
    "cem_opensearch",
    "cem_docs",
    "cem_lm_eval",
    "cem_index",
    "yaml",
    "protego",
)
"""Packages whose branches guide atheris."""
MOST_FOUND = 20
"""Kinds of bad ends that are kept."""


class Tally:
    """How many inputs were run, and how those that ended badly did."""

    def __init__(self, folder: Path, last: Path) -> None:
        self.folder = folder
        self._last = last
        self.inputs = 0
        self.slowest = 0.0
        self.found: dict[str, str] = {}
        self._places: set[str] = set()
        (folder / "found").mkdir(parents=True, exist_ok=True)
        self._begun = time.monotonic()
        self._memory = peak()

    def run(self, read: Any, data: bytes) -> None:
        from cem_toolkit.testing.hostile import check_survives

        self.inputs += 1
        begun = time.monotonic()
        self._last.write_bytes(data)  # should the process die of it
        try:
            check_survives(read, data)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            self._note(_where(error), data)
        seconds = time.monotonic() - begun
        self.slowest = max(self.slowest, seconds)
        if seconds > SLOW:
            self._note(f"takes {seconds:.0f} s", data)
        if peak() - self._memory > MEMORY:
            self._note("wants more than 1 GB", data)
            self._memory = peak()
        if self.inputs % 200 == 0:
            self.write()

    def write(self) -> None:
        tally = {"inputs": self.inputs, "found": self.found, "slowest_s": round(self.slowest, 3)}
        tally |= {"seconds": round(time.monotonic() - self._begun, 1), "peak_mb": peak() >> 20}
        beside = self.folder / "tally.part"
        beside.write_text(json.dumps(tally))
        beside.replace(self.folder / "tally.json")

    def _note(self, what: str, data: bytes) -> None:
        place = what.rpartition(" (")[2] if what.endswith(")") else what
        if place not in self._places and len(self.found) < MOST_FOUND:
            self._places.add(place)
            name = hashlib.sha256(data).hexdigest()[:12]
            (self.folder / "found" / name).write_bytes(data)
            self.found[what] = name
            self.write()


def peak() -> int:
    """Bytes of memory at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _where(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/cem_" in frame.filename] or [None]
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames[-1] else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}{place}"


def by_hypothesis(read: Any, kind: Any, inputs: int, seed: int, tally: Tally) -> None:
    """Runs on after a failure: what was found is in the tally."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    every = settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )

    @seeded(seed)
    @every
    @given(kind.strategy())
    def one(data: bytes) -> None:
        tally.run(read, data)

    for data in kind.seeds:
        tally.run(read, data)
    one()


def by_atheris(read: Any, kind: Any, inputs: int, seed: int, tally: Tally) -> None:
    """Never returns: libFuzzer ends the process."""
    import atheris

    options = [
        "-max_len=2048",
        f"-seed={seed + 1}",
        "-timeout=60",
        "-rss_limit_mb=4096",
        "-verbosity=0",
        f"-artifact_prefix={tally.folder / 'found'}/died-",
    ]
    corpus, words = tally.folder / "corpus", tally.folder / "words"
    corpus.mkdir(exist_ok=True)
    for number, data in enumerate(kind.seeds):
        (corpus / f"seed-{number}").write_bytes(data)
    tokens = [word.encode("utf-8", "surrogatepass") for word in (*kind.words, *kind.fields)]
    if tokens:  # libFuzzer refuses an empty dictionary
        options.append(f"-dict={words}")
    words.write_text("".join(f'"{"".join(f"{chr(92)}x{byte:02x}" for byte in token)}"\n' for token in tokens if token))

    def one(data: bytes) -> None:
        tally.run(read, data)
        if tally.inputs >= inputs:
            tally.write()
            sys.stdout.flush()
            os._exit(0)

    atheris.Setup([sys.argv[0], *options, str(corpus)], one)
    atheris.Fuzz()


def main() -> None:
    engine, name, inputs, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    folder, scratch = Path(sys.argv[5]), Path(sys.argv[6])
    watching: Any = contextlib.nullcontext()
    if engine == "atheris":
        import atheris

        watching = atheris.instrument_imports(include=list(WATCHED))
    own = scratch / "files"
    own.mkdir()
    with watching:
        import fuzz_core
        import fuzz_methods
        import fuzz_plugins

        target = (fuzz_core.TARGETS | fuzz_plugins.TARGETS | fuzz_methods.TARGETS)[name]
        read = target.make(own)
        with contextlib.suppress(Exception):
            read(b"")
    run = by_atheris if engine == "atheris" else by_hypothesis
    tally = Tally(folder, scratch / "last")
    for path in fuzz_core.found_before(name):
        tally.run(read, path.read_bytes())
    run(read, target.kind, inputs, seed, tally)
    tally.write()


if __name__ == "__main__":
    main()
