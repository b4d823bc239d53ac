"""Documents to index, and a process that can be killed while it does."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cem_index import DiskIndex, Document, open_index
from cem_toolkit.testing import make_context

WORDS = ("river", "lake", "castle", "treaty", "planet", "enzyme", "opera", "bishop", "valley", "engine")


def make_documents(count: int) -> Callable[[str], Iterator[tuple[Document, str]]]:
    """`count` records, every seventh a redirect to the one after it; a position is the number of the next."""

    def documents(position: str) -> Iterator[tuple[Document, str]]:
        for number in range(int(position or 0), count):
            text = " ".join(WORDS[(number * step) % len(WORDS)] for step in (1, 3, 7)) + f" n{number}"
            redirect = f"Page {number + 1}" if number % 7 == 0 else ""
            name = f"Old {number}" if redirect else f"Page {number}"
            yield Document(title=name, text="" if redirect else text, target=redirect), str(number + 1)

    return documents


@dataclass
class Shelf:
    """Opens indexes in one folder, and keeps what was logged."""

    folder: Path
    log: list[str] = field(default_factory=list)

    def open(
        self, documents: Callable[[str], Iterable[tuple[Document, str]]], key: str = "key", language: str = "en"
    ) -> DiskIndex:
        ctx = make_context(self.folder, log=self.log.append)
        return open_index(ctx.cache, key, documents, language=language, total=None, ctx=ctx)

    def of(self, *documents: Document, language: str = "en") -> DiskIndex:
        return self.open(lambda position: ((each, "") for each in documents), language=language)

    @property
    def path(self) -> Path:
        """Of the one index that there is."""
        (path,) = (each for each in (self.folder / "cache").iterdir() if each.is_dir())
        return path


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commits are of 100 records."""
    monkeypatch.setattr("cem_index.building.COMMIT", 100)


@pytest.fixture
def documents() -> Callable[[int], Callable[[str], Iterator[tuple[Document, str]]]]:
    return make_documents


NEVER = 10**9


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts a process that indexes `count` records and stands still at one of them (child.py)."""
    started: list[subprocess.Popen[str]] = []

    def start(count: int, still: int = NEVER, *more: int) -> "subprocess.Popen[str]":
        script = Path(__file__).with_name("child.py")
        command = [sys.executable, *map(str, (script, __file__, tmp_path, count, still, *more))]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))  # noqa: S603
        return started[-1]

    yield start
    for process in started:
        process.kill()
        with process:  # closes its pipes, and waits
            pass
