"""A file that holds a whole wiki, as it is indexed."""

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cem_toolkit.api import CemError

if TYPE_CHECKING:
    from cem_index import Document


class Collection(ABC):
    """Pages and redirects, read as a stream from any position that it named before."""

    path: Path
    key: str
    """What decides the documents: the file's identity, and how its pages are made text."""
    language: str
    """By which words are stemmed; Wikipedia's code."""
    size: int
    """How far the last position is, in the units of `reached`."""

    @abstractmethod
    def documents(self, position: str) -> Iterator[tuple["Document", str]]:
        """From `position`, "" being the beginning, each document with the position after it. Raises CemError where the
        file is broken."""

    @abstractmethod
    def reached(self, position: str) -> int:
        """How far `position` is, for the progress bar."""


def need(extra: str, *modules: str) -> None:
    """Raises CemError, with the command that installs it, where a library that `backend: EXTRA` needs is missing."""
    missing = [module for module in modules if not importlib.util.find_spec(module)]
    if missing:
        raise CemError(f"wiki: backend: {extra} needs {' and '.join(missing)}: pip install 'cem-wiki[{extra}]'")
