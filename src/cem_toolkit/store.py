"""Finished stages, found again by content key: by the same run after a crash, and by any other run."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cem_toolkit.errors import CemError
from cem_toolkit.files import file_hash, replacing, settle
from cem_toolkit.parsing import json_lines, parse_json
from cem_toolkit.plain import brief
from cem_toolkit.records import Record

if TYPE_CHECKING:
    from cem_toolkit.run import Run

R = TypeVar("R", bound=Record)
INFO = "stage.json"


def content_key(**parts: Any) -> str:
    """20 hexadecimal digits over JSON-safe `parts`."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return text_hash(text)[:20]


def text_hash(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def write_records(path: Path, records: Iterable[Record]) -> int:
    """Writes a JSON object a line and returns how many."""
    count = 0
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for record in records:
            file.write(json.dumps(record.to_json(), ensure_ascii=False) + "\n")
            count += 1
    return count


def read_records(path: Path, cls: type[R]) -> Iterator[R]:
    """Records of a file that `write_records` wrote. Raises CemError that names the line of one that is not whole."""
    for number, data in json_lines(path, f"{cls.__name__} record"):
        try:
            yield cls.from_json(data)
        except (TypeError, CemError) as error:
            raise CemError(f"{path}:{number}: is no {cls.__name__} record: {brief(error)}") from None


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Writes `data`, whole or not at all."""
    with replacing(path) as beside:
        text = json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n"
        beside.write_text(text, encoding="utf-8", errors="backslashreplace")  # as JSON itself writes half characters


def with_checksum(data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` with a hash of itself, by which `has_its_checksum` sees whether all of it is as it was written."""
    return {**data, "checksum": _checksum(data)}


def has_its_checksum(data: Mapping[str, Any]) -> bool:
    """Whether nothing in `data` has changed since `with_checksum`. What older versions wrote has no checksum, and is
    believed."""
    rest = {name: value for name, value in data.items() if name != "checksum"}
    return data.get("checksum") in (None, _checksum(rest))


def _checksum(data: Mapping[str, Any]) -> str:
    return content_key(**json.loads(json.dumps(data, default=str)))  # as it will be read again


def seal(folder: Path, info: Mapping[str, Any], place: Path) -> None:
    """Makes a finished stage of `folder`: notes its files' sizes and checksums, and renames it to `place`."""
    paths = sorted(folder.rglob("*"))
    files = {path.relative_to(folder).as_posix(): _describe(path) for path in paths if path.is_file()}
    for path in paths:
        settle(path)
    write_json(folder / INFO, with_checksum({**info, "files": files}))
    put_in_place(folder, place)


def put_in_place(folder: Path, place: Path) -> None:
    """Renames `folder`, a stage with all that belongs to it, to `place`, for good."""
    if place.exists():
        shutil.rmtree(place)
    settle(folder)
    os.rename(folder, place)
    settle(place.parent)


def read_info(folder: Path) -> dict[str, Any] | None:
    """What is noted of the stage in `folder`, or None where no finished stage lies there."""
    try:
        info = parse_json((folder / INFO).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return info if noted_files(info) is not None else None


def noted_files(info: Any) -> Mapping[str, Mapping[str, Any]] | None:
    """The files that a finished stage's note names, or None where `info` is no such note, or is not as it was
    written."""
    files = info.get("files") if isinstance(info, dict) else None
    whole = isinstance(files, dict) and all(isinstance(noted, dict) for noted in files.values())
    return files if whole and has_its_checksum(info) else None


def is_whole(folder: Path, key: str) -> bool:
    """Whether a finished stage of that key lies in `folder` and each of its files is as it was written."""
    info = read_info(folder)
    if info is None or info.get("key") != key:
        return False
    return all(is_as_written(folder, name, info) for name in info["files"])


def is_as_written(folder: Path, name: str, info: Mapping[str, Any]) -> bool:
    """Whether that file of the stage in `folder` is the one that its note `info` knows."""
    return _is_inside(folder, name) and as_noted(folder / name, info["files"][name])


def as_noted(path: Path, noted: Mapping[str, Any]) -> bool:
    """Whether the file is there, and is what was noted of it when its stage was sealed."""
    return path.is_file() and path.stat().st_size == noted.get("bytes") and file_hash(path) == noted.get("sha256")


def _is_inside(folder: Path, name: str) -> bool:
    """Whether `name` is a file of `folder`'s own, and no link to another's."""
    path = folder / name
    try:
        return path.is_file() and path.resolve() == folder.resolve() / name and not Path(name).is_absolute()
    except (OSError, ValueError):  # no name that a file can have
        return False


def copy_linked(source: Path, target: Path) -> None:
    """Copies a finished stage, by hard links where the file system can: no disk is used twice, and each copy stands
    alone."""
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        elif path.name != INFO or path.parent != source:  # the copy gets a note of its own
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, place)
            except OSError:
                shutil.copy2(path, place)


def _describe(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": file_hash(path)}


class Store:
    """Where finished stages of each key lie, below the folder that holds the runs.

    One small file per key lists the folders, newest last. It is a hint only: what it names is checked before use.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.index = out / ".stages"

    def check(self) -> None:
        """Raises CemError where what finished stages are copied to cannot be written."""

    def taken(self, name: str) -> bool:
        """Whether a run of that name is there, besides those in the folder."""
        return False

    def holding(self, run: "Run") -> contextlib.AbstractContextManager[None]:
        """Around all work on the run."""
        return contextlib.nullcontext()

    def holds(self, place: Path, key: str) -> bool:
        """Whether the stage that belongs in `place` is finished already."""
        return is_whole(place, key)

    def keep(self, *files: Path) -> None:
        """To be told of a run's own files, once they have changed."""

    def publish(self, key: str, folder: Path) -> None:
        """To be told of a stage that is now finished."""
        self.index.mkdir(parents=True, exist_ok=True)
        line = folder.relative_to(self.out).as_posix() + "\n"
        with (self.index / key).open("a", encoding="utf-8") as file:
            file.write(line)

    @contextlib.contextmanager
    def claimed(self, key: str, waits: Callable[[], None]) -> Iterator[None]:
        """Lets one process at a time do the stages of a key; `waits` is called where another one is at it. The claim
        ends with the process, however it ends. On a file system without locks nobody waits."""
        self.index.mkdir(parents=True, exist_ok=True)
        with (self.index / key).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waits()
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError:  # no locks here
                pass
            yield

    def find(self, key: str) -> Path | None:
        """A whole stage of that key, or None."""
        lines: list[str] = []
        with contextlib.suppress(OSError, UnicodeDecodeError):
            lines = (self.index / key).read_text(encoding="utf-8").splitlines()
        for line in reversed(lines):
            with contextlib.suppress(OSError, ValueError):  # a name that no path can have
                folder = (self.out / line).resolve()
                if folder.is_relative_to(self.out.resolve()) and is_whole(folder, key):
                    return folder
        return None


class Within(Store):
    """The finished stages of one run alone, by what lies in its folder; nothing is written."""

    def __init__(self, run: Path) -> None:
        super().__init__(run.parent)
        self._folders: dict[str, Path] = {}
        for folder, _, _ in os.walk(run):  # passes over what others have sealed, so renamed, since it was listed
            if info := read_info(Path(folder)):
                self._folders[str(info.get("key"))] = Path(folder)

    def find(self, key: str) -> Path | None:
        folder = self._folders.get(key)
        return folder if folder and is_whole(folder, key) else None
