"""Which files there are to be read."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cem_docs.blocks import Skipped
from cem_docs.formats import TEXT, Format, find_format
from cem_docs.options import DocsOptions
from cem_docs.skipped import Skips
from cem_toolkit.api import CemError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


@dataclass(frozen=True, slots=True)
class File:
    """A file that is to be read. `name` is its path below the folder that the user gave, with slashes."""

    path: Path
    name: str
    format: Format


def find_files(options: DocsOptions, config_folder: Path, skips: Skips) -> list[File]:
    """The files of the option `paths`, in the order of their names; what is left out is noted in `skips`.

    A file that is given itself is read whatever its name. Raises CemError where a path does not exist or a pattern is
    none.
    """
    files: dict[Path, File] = {}
    chosen = _Chosen(options)
    for given in options.paths:
        path = config_folder / given.expanduser()
        if path.is_dir():
            found: Iterable[File] = _walk(path.resolve(), "", chosen, skips)
        elif path.is_file():
            found = [File(path.resolve(), path.name, find_format(path) or TEXT)]
        else:
            raise CemError(
                f"docs: paths: {path} is no file or folder; paths are relative to the configuration's folder"
            )
        for file in found:
            if file.format.rows or file.path.stat().st_size <= options.max_megabytes * 1_000_000:
                files.setdefault(file.path, file)
            else:
                skips.add(file.name, Skipped("too large", f"is larger than {options.max_megabytes:g} MB"))
    return list(files.values())


def _walk(folder: Path, below: str, chosen: "_Chosen", skips: Skips) -> Iterator[File]:
    """The files of a folder and those in it. Symbolic links are not followed: one may lead outside, or in a circle."""
    try:
        with os.scandir(folder) as listed:
            entries = sorted(listed, key=lambda entry: entry.name)
    except OSError as error:
        skips.add(below or str(folder), Skipped("not accessible", str(error.strerror)))
        return
    for entry in entries:
        name, path = below + entry.name, Path(entry.path)
        is_folder = entry.is_dir(follow_symlinks=False)
        if not chosen.wants(name, is_folder):
            continue
        if entry.name.startswith("."):
            skips.add(name, Skipped("hidden"))
        elif entry.is_symlink():
            skips.add(name, Skipped("symbolic links"))
        elif is_folder:
            yield from _walk(path, name + "/", chosen, skips)
        elif not entry.is_file(follow_symlinks=False):
            skips.add(name, Skipped("no regular files"))
        elif not (form := find_format(path)):
            skips.add(name, Skipped("of a format that is not read", path.suffix))
        elif not os.access(path, os.R_OK):
            skips.add(name, Skipped("not accessible", "Permission denied"))
        else:
            yield File(path, name, form)


class _Chosen:
    """The patterns of the options include and exclude, which are git's."""

    def __init__(self, options: DocsOptions) -> None:
        self._include = _patterns("include", options.include)
        self._exclude = _patterns("exclude", options.exclude)

    def wants(self, name: str, is_folder: bool) -> bool:
        if self._exclude.match_file(name + "/" * is_folder):
            return False
        return is_folder or not self._include or self._include.match_file(name)


def _patterns(option: str, lines: list[str]) -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError as error:
        raise CemError(f"docs: {option}: {error}") from None
