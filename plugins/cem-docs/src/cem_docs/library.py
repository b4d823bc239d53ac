"""All that the options name, as one stream of passages."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from cem_docs.blocks import Skipped
from cem_docs.catalogue import find_files
from cem_docs.child import Child
from cem_docs.digests import digests
from cem_docs.formats import HUB, Format
from cem_docs.options import Dataset, DocsOptions
from cem_docs.passages import passages
from cem_docs.skipped import Skips
from cem_index import Document
from cem_toolkit.api import CemError, Context, content_id

READING = 1
"""Changes with what readers and chunker make of a file."""
SHORT = 12
"""Digits of a file's hash that are its revision."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What the child is asked to read at once: a file, or a data set."""

    name: str
    title: str
    address: str
    revision: str
    format: Format
    arguments: dict[str, object]


class Library:
    """The files and the data set of the options, as they are now."""

    def __init__(self, options: DocsOptions, ctx: Context) -> None:
        """Raises CemError where there is nothing to read, a path or a library is missing, or a file cannot be read."""
        self._options = options
        self.unlisted = Skips()
        """What was left out by its name, kind or size."""
        self._files = find_files(options, ctx.config_folder, self.unlisted)
        self._rows = _find_rows(options.dataset, ctx.config_folder)
        self._check()
        self._hashes = digests([*(file.path for file in self._files), *self._rows], ctx.cache)
        self.key = self._key()
        """A hash of all that decides the passages."""

    def read(self, position: str, skips: Skips) -> Iterator[tuple[Document, str]]:
        """The passages, each with the number of those up to it. From a position on all is read again, for what is
        skipped is to be told, and those before are dropped. What is skipped is noted in `skips`."""
        for number, passage in islice(enumerate(self._read(skips), 1), int(position or 0), None):
            yield passage, str(number)

    def _read(self, skips: Skips) -> Iterator[Document]:
        options = self._options
        with contextlib.closing(Child(int(options.max_megabytes * 1_000_000), options.max_seconds)) as child:
            for unit in self._units():
                for read in child.read(unit.format.reader, unit.arguments):
                    if isinstance(read, Skipped):
                        skips.add(unit.name, read)
                        continue
                    empty = True
                    for passage in passages(read, unit.title, unit.address, unit.revision, options.max_chars):
                        empty = False
                        yield passage
                    if empty:
                        skips.add(unit.name, Skipped("without text", place=read.place))

    def _units(self) -> Iterator[Unit]:
        options = self._options
        columns = options.columns.model_dump()
        for file in self._files:
            arguments: dict[str, object] = {"path": str(file.path)}
            if file.format.rows:
                arguments["columns"] = columns
            address = f"{options.url.rstrip('/')}/" if options.url else ""
            address += quote(file.name.encode("utf-8", "surrogateescape"))
            title = file.path.stem.encode("utf-8", "replace").decode()
            yield Unit(file.name, title, address, self._hashes[file.path][:SHORT], file.format, arguments)
        if (dataset := options.dataset) is not None:
            load = dataset.model_dump(include={"path", "name", "split", "revision"})
            title, address = dataset.path.rpartition("/")[2], f"https://huggingface.co/datasets/{dataset.path}"
            revision = dataset.revision or ""
            if self._rows:
                load["data_files"] = [str(path) for path in self._rows]
                title, address = self._rows[0].stem, quote(self._rows[0].name)
                revision = content_id(*(self._hashes[path] for path in self._rows))
            arguments = {"load": load, "columns": columns, "max_rows": dataset.max_rows}
            yield Unit(dataset.path, title, address, revision[:SHORT], HUB, arguments)

    def _check(self) -> None:
        options = self._options
        if not self._files and options.dataset is None:
            if not options.paths:
                raise CemError("docs: nothing to read: set paths: [FOLDER, FILE, …], or dataset")
            why = "; ".join(self.unlisted.lines()) or "there is none"
            raise CemError(f"docs: no file to read in {', '.join(map(str, options.paths))}: {why}")
        first = {file.format: file.name for file in reversed(self._files)}
        if options.dataset:
            first[HUB] = options.dataset.path
        for form, name in first.items():
            if form.extra and not form.version:
                way = f" (or exclude: ['*{form.suffixes[0]}'])" if form.suffixes else ""
                raise CemError(
                    f"docs: {name}: reading {form.name} needs {form.package}: pip install 'cem-docs[{form.extra}]'{way}"
                )

    def _key(self) -> str:
        """Packages count, too: another version of one may read a file otherwise."""
        options = self._options.model_dump(
            mode="json", include={"columns", "dataset", "max_chars", "max_megabytes", "max_seconds", "url"}
        )
        files = [(file.name, self._hashes[file.path]) for file in self._files]
        formats = {file.format for file in self._files} | ({HUB} if self._options.dataset else set())
        packages = sorted(f"{form.package} {form.version}" for form in formats)
        rows = [self._hashes[path] for path in self._rows]
        return content_id(json.dumps([READING, options, files, packages, rows]))


def _find_rows(dataset: Dataset | None, config_folder: Path) -> list[Path]:
    """The files of a data set that is not the hub's."""
    if dataset is None:
        return []
    paths = [(config_folder / path.expanduser()).resolve() for path in dataset.files]
    if missing := [path for path in paths if not path.is_file()]:
        raise CemError(
            f"docs: dataset.files: {missing[0]} is no file; paths are relative to the configuration's folder"
        )
    if bool(paths) != (dataset.path in ("json", "parquet")):
        how = "takes no files: the hub has them" if paths else "needs files: [FILE, …]"
        raise CemError(f"docs: dataset: path: {dataset.path} {how}")
    return paths
