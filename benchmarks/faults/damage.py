"""Damaged files, of a finished run and in the middle of one: what they hold is named or done again, never told.

A digit of a number is changed, a file is cut short, removed, or another one is put in its place.
"""

import random
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import warm
from checks import goes_on, refused, unclear
from moments import choose, reach
from outcome import Outcome
from tally import Tally
from undisturbed import Reference, make_reference

NAME = "damage"


def _flip(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    digits = [found.start() for found in re.finditer(rb"\d", data)] if path.suffix != ".safetensors" else []
    place = chance.choice(digits) if digits else chance.randrange(len(data)) if data else None
    if place is None:
        data = bytearray(b"7")
    else:
        data[place] = (data[place] - 48 + 1) % 10 + 48 if digits else data[place] ^ 1
    _put(path, bytes(data))


def _cut(path: Path, chance: random.Random) -> None:
    data = path.read_bytes()
    _put(path, data[: chance.randrange(len(data))] if data else b"{")


def _remove(path: Path, chance: random.Random) -> None:
    path.unlink()


def _swap(path: Path, chance: random.Random) -> None:
    others = [other for other in path.parents[2].rglob("*") if other.suffix == path.suffix and other.is_file()]
    others = sorted(other for other in others if other.read_bytes() != path.read_bytes())
    _put(path, chance.choice(others).read_bytes() if others else b"{}\n")


def _double(path: Path, chance: random.Random) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    _put(path, b"".join([*lines[:1], *lines]) if lines else b"{}\n")


def _put(path: Path, data: bytes) -> None:
    path.unlink()  # a hard link's other names keep what they have
    path.write_bytes(data)


DAMAGES = {"changed": _flip, "cut short": _cut, "removed": _remove, "swapped": _swap, "doubled line": _double}
INPUTS = ("plan.json", "config.yaml")


def run(seed: int, short: bool, folder: Path, say: Callable[[str], None]) -> Iterable[Outcome]:
    chance = random.Random(f"{NAME} {seed}")  # noqa: S311 (not for secrets)
    reference, tally = make_reference(folder, seed, arms=not short), Tally(NAME)
    files = _files(reference, chance)
    for number, path in enumerate(chance.sample(files, 2) if short else files):
        damage = list(DAMAGES)[number % len(DAMAGES)]
        wrong = _finished(reference, chance, path, damage, folder / f"damage-{number}.txt")
        say(tally.add(f"{damage}: {path}", wrong))
    for number, name in enumerate(INPUTS[:1] if short else INPUTS * 2):
        damage = ("changed", "cut short")[number // len(INPUTS)]
        say(tally.add(f"{damage}: {name}", _input(reference, chance, name, damage, folder / f"input-{number}.txt")))
    for damage in ("cut short",) if short else ("cut short", "removed", "changed"):
        say(tally.add(f"{damage}: events.jsonl", _events(reference, chance, damage, folder / f"events-{damage}.txt")))
    for number in range(1 if short else 6):
        say(tally.add("in the middle of a run", _midway(reference, chance, number, folder / f"midway-{number}.txt")))
    return tally.outcomes()


def _files(reference: Reference, chance: random.Random) -> list[str]:
    """Of every stage its note, and one other file, the weights of a trained model for one."""
    found = []
    for stage in reference.stages:
        files = [path.relative_to(reference.run).as_posix() for path in (reference.run / stage).rglob("*.*")]
        others = sorted(name for name in files if not name.endswith("stage.json"))
        weights = [name for name in others if name.endswith(".safetensors")]
        found += [f"{stage}/stage.json", *([chance.choice(weights or others)] if others else [])]
    return found


def _copy(reference: Reference, name: str) -> Path:
    """The folder of runs with the undisturbed one, once more."""
    out = reference.world.folder / name
    shutil.copytree(reference.run.parent, out, symlinks=True)
    return out


def _finished(reference: Reference, chance: random.Random, path: str, damage: str, output: Path) -> Iterator[str]:
    """Shown or named, then resumed."""
    out = _copy(reference, output.stem)
    DAMAGES[damage](out / "latest" / path, chance)
    shown = warm.start(["show", "latest", "--out", str(out), "--json"], out, output.with_suffix(".json"))
    shown.wait()
    if shown.status != 0:
        yield from refused(shown, path.rpartition("/")[2], "stage.json")
    elif path.endswith((".jsonl", "stage.json")):
        yield "is not seen by `show`"
    yield from unclear(shown)
    yield from goes_on(reference, out, output, again=True)
    shutil.rmtree(out)


def _input(reference: Reference, chance: random.Random, name: str, damage: str, output: Path) -> Iterator[str]:
    """What a run began with cannot be made again: it is named, and once put back all is well."""
    out = _copy(reference, output.stem)
    path = out / "latest" / name
    whole = path.read_bytes()
    DAMAGES[damage](path, chance)
    for command in ("show", "resume"):
        trying = warm.start(
            [command, "latest", "--out", str(out)], reference.world.folder, output.with_suffix(f".{command}")
        )
        trying.wait()
        yield from refused(trying, name)
    path.write_bytes(whole)
    yield from goes_on(reference, out, output, again=True)


def _events(reference: Reference, chance: random.Random, damage: str, output: Path) -> Iterator[str]:
    """Nothing that counts is read from the events."""
    out = _copy(reference, output.stem)
    path = out / "latest" / "events.jsonl"
    if damage == "changed":
        path.write_bytes(path.read_bytes() + b'\x00\xff\n[1]\n{"event"')
    else:
        DAMAGES[damage](path, chance)
    shown = warm.start(["show", "latest", "--out", str(out)], reference.world.folder, output.with_suffix(".show"))
    shown.wait()
    if shown.status != 0:
        yield f"cannot be shown: exit status {shown.status}"
    yield from goes_on(reference, out, output, again=True)


def _midway(reference: Reference, chance: random.Random, number: int, output: Path) -> Iterator[str]:
    """Killed in a stage, and a file of one before it damaged."""
    out = reference.world.folder / f"midway-{number}"
    place = chance.randrange(4, len(reference.stages))
    moment = choose(chance, reference.stages[place], reference.seconds[reference.stages[place]], by_clock=True)
    trying = warm.start(reference.world.evolve(out, *reference.more), reference.world.folder, output)
    reach(moment, trying, out)
    trying.kill()
    earlier = chance.choice(reference.stages[:place])
    files = sorted(path for path in (out / "latest" / earlier).rglob("*") if path.is_file())
    if not files:
        yield f"{earlier} is not there"
        return
    DAMAGES[chance.choice(list(DAMAGES))](chance.choice(files), chance)
    yield from goes_on(reference, out, output, again=True)
