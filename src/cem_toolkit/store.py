"""Finished stages, found again by content key: by the same run after a crash, and by any other run."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cem_toolkit.errors import CemError
from cem_toolkit.files import file_hash, replacing
from cem_toolkit.records import Record

if TYPE_CHECKING:
    from cem_toolkit.run import Run

R = TypeVar("R", bound=Record)
INFO = "stage.json"


def content_key(**parts: Any) -> str:
    """20 hexadecimal digits over JSON-safe `parts`."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


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
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                yield cls.from_json(json.loads(line))
            except (ValueError, TypeError, CemError) as error:
                raise CemError(f"{path}:{number}: is no {cls.__name__} record: {error}") from None


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Writes `data`, whole or not at all."""
    with replacing(path) as beside:
        beside.write_text(json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


def seal(folder: Path, info: Mapping[str, Any], place: Path) -> None:
    """Makes a finished stage of `folder`: notes its files' sizes and checksums, and renames it to `place`."""
    files = {
        path.relative_to(folder).as_posix(): _describe(path) for path in sorted(folder.rglob("*")) if path.is_file()
    }
    write_json(folder / INFO, {**info, "files": files})
    if place.exists():
        shutil.rmtree(place)
    os.rename(folder, place)


def read_info(folder: Path) -> dict[str, Any] | None:
    """What is noted of the stage in `folder`, or None where no finished stage lies there."""
    try:
        info = json.loads((folder / INFO).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return info if noted_files(info) is not None else None


def noted_files(info: Any) -> Mapping[str, Mapping[str, Any]] | None:
    """The files that a finished stage's note names, or None where `info` is no such note."""
    files = info.get("files") if isinstance(info, dict) else None
    whole = isinstance(files, dict) and all(isinstance(noted, dict) for noted in files.values())
    return files if whole else None


def is_whole(folder: Path, key: str) -> bool:
    """Whether a finished stage of that key lies in `folder` and each of its files is as it was written."""
    info = read_info(folder)
    if info is None or info.get("key") != key:
        return False
    return all(as_noted(folder / name, noted) for name, noted in info["files"].items())


def as_noted(path: Path, noted: Mapping[str, Any]) -> bool:
    """Whether the file is there, and is what was noted of it when its stage was sealed."""
    return path.is_file() and path.stat().st_size == noted.get("bytes") and file_hash(path) == noted.get("sha256")


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
