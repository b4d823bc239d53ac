"""Finding a run by its address, and bringing here what is needed to look at it."""

import contextlib
import re
from collections.abc import Callable
from pathlib import Path

from cem_toolkit.errors import CemError
from cem_toolkit.files import replacing
from cem_toolkit.parsing import parse_json
from cem_toolkit.run import Locked, NoRun, Run
from cem_toolkit.storage.mirror import START
from cem_toolkit.storage.remote import Remote
from cem_toolkit.storage.transfer import Damaged, fetch_stage, read_note
from cem_toolkit.storage.urls import NAME, check_url, confined
from cem_toolkit.store import INFO, is_whole, read_info

HEAVY = "train"
"""The stage whose files are a model: of it only the note is fetched, until a run goes on."""


def fetch_run(url: str, name: str, copy: Path, say: Callable[[str], None]) -> Run:
    """The run `name` (or `latest`) below `url`, in the local copy of that, with all that is read to look at a run.

    While a process of this machine works on it, its local copy is newer and stays as it is. A stage whose files are
    not as they were sealed counts as not finished, which `say` is told of. Raises CemError where there is no such run.
    """
    remote = Remote(url)
    name = _latest(remote) if name == "latest" else name
    if not NAME.fullmatch(name) or f"{name}/{START[-1]}" not in (names := remote.files(name)):
        raise NoRun(f"no run {name!r:.140} at {remote.url}: {_there(remote)}")
    run = Run(copy / name, mirror=remote.url)
    run.folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(Locked), run.locked():
        _fetch(remote, copy, name, names, say)
    return run


def _fetch(remote: Remote, copy: Path, name: str, names: list[str], say: Callable[[str], None]) -> None:
    for file in START:
        remote.get(f"{name}/{file}", copy / name / file)
    for each in names:
        stage, _, last = each.rpartition("/")
        if last != INFO or not re.match(rf"{re.escape(name)}/round-\d+/", each):
            continue
        place = confined(copy, stage)
        if place is None or (note := read_note(remote, stage)) is None:
            continue
        if read_info(place) == note:
            continue
        try:
            fetch_stage(remote, stage, place, note, known=place, light=stage.rpartition("/")[2] == HEAVY)
        except Damaged as error:
            say(f"{error}; this stage counts as not finished")
    if f"{name}/events.jsonl" in names:
        _merge_events(remote.read(f"{name}/events.jsonl").decode("utf-8", "replace"), copy / name / "events.jsonl")


def model_folder(run: Run, number: int, say: Callable[[str], None]) -> Path:
    """The model that a round trained, fetched first where the run was found by its address and only looked at. Raises
    CemError where there is none."""
    folder = run.round(number).folder / "train"
    note = read_info(folder)
    if note is None:
        raise CemError(f"{run.folder}: round {number} has no finished training")
    if run.mirror and not is_whole(folder, str(note.get("key"))):
        name = folder.relative_to(run.folder.parent).as_posix()
        say(f"fetching {name} from {run.mirror}")
        fetch_stage(Remote(run.mirror), name, folder, note, known=folder)
    return folder / "model"


def _merge_events(theirs: str, path: Path) -> None:
    """What either has seen, by time."""
    ours = path.read_text(encoding="utf-8", errors="replace").split("\n") if path.is_file() else []
    known = theirs.split("\n")
    seen = {*known, ""}
    lines = sorted([line for line in known if line] + [line for line in ours if line not in seen], key=_time)
    with replacing(path) as beside:
        beside.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _time(line: str) -> str:
    try:
        return str(parse_json(line)["time"])
    except (ValueError, KeyError, TypeError):
        return ""


def _latest(remote: Remote) -> str:
    try:
        return remote.read("latest", 200).decode().strip()
    except (FileNotFoundError, ValueError):
        raise NoRun(f"no run 'latest' at {remote.url}: {_there(remote)}") from None


def _there(remote: Remote) -> str:
    found = {name.partition("/")[0] for name in remote.files() if name.endswith(f"/{START[-1]}")}
    names = sorted(name for name in found if NAME.fullmatch(name))
    return f"there are {', '.join(names[-5:])}" if names else "it holds no runs"


def parted(url: str) -> tuple[str, str]:
    """The address of a run's folder, as that of the folder of runs and the run's name. Raises CemError where it is
    none."""
    check_url(url)
    out, _, name = url.rstrip("/").rpartition("/")
    if out.endswith(("/", ":")):
        raise CemError(f"{url}: should be the address of a run, such as s3://bucket/runs/latest")
    return out, name
