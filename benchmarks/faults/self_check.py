"""Would a loss be seen? Damage is done to a whole result on purpose, and must be found."""

import json
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from compare import differences, leftovers
from outcome import Outcome
from tally import Tally
from undisturbed import make_reference

NAME = "self-check"


def _digit(run: Path) -> None:
    path = run / "round-1/evaluate/attempts.jsonl"
    text = path.read_text(encoding="utf-8")
    place = [found.start() for found in re.finditer(r"\d", text)][-1]
    path.write_text(text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :], encoding="utf-8")


def _doubled(run: Path) -> None:
    path = run / "round-1/mix/rows.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines, lines[-1]]), encoding="utf-8")


def _bit(run: Path) -> None:
    path = run / "round-1/train/model/model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def _figure(run: Path) -> None:
    path = run / "round-0/evaluate/stage.json"
    note = json.loads(path.read_text(encoding="utf-8"))
    note["figures"]["right"] += 1
    path.write_text(json.dumps(note), encoding="utf-8")


def _twice(run: Path) -> None:
    path = run / "events.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines[:4], *[line for line in lines if "finished" in line][:1], *lines[4:]]))


def _left(run: Path) -> None:
    (run / "round-1" / "train.partial").mkdir()


WAYS: dict[str, Callable[[Path], object]] = {
    "one digit of an answer changed": _digit,
    "a training row doubled": _doubled,
    "one bit of a weight changed": _bit,
    "a figure of a stage changed": _figure,
    "a file removed": lambda run: (run / "round-1/gate/stage.json").unlink(),
    "an event told twice": _twice,
    "an event cut short": lambda run: (run / "events.jsonl").write_bytes((run / "events.jsonl").read_bytes()[:-9]),
    "a folder left behind": _left,
}


def run(seed: int, short: bool, folder: Path, say: Callable[[str], None]) -> Iterable[Outcome]:
    """A way survives if it is found, and if the same run without it is not."""
    reference, tally = make_reference(folder, seed, arms=False), Tally(NAME)
    for way, harm in WAYS.items():
        out = folder / "self-check"
        shutil.copytree(reference.run.parent, out, symlinks=True)
        copy = (out / "latest").resolve()
        if found := [*differences(copy, reference.run), *leftovers(out)]:
            tally.add(way, [f"seen where nothing was done: {found[0]}"])
        harm(copy)
        found = [*differences(copy, reference.run), *leftovers(out)]
        say(tally.add(way, [] if found else ["is not seen"]))
        shutil.rmtree(out)
    return tally.outcomes()
