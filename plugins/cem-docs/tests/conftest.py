"""A desk with documents on it, and the source that reads them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cem_docs.options import DocsOptions
from cem_docs.source import Docs
from cem_toolkit.api import Context, Mistake, Passage
from cem_toolkit.testing import make_context


@dataclass
class Desk:
    """Reads the folder `docs` with given options, and keeps what was logged."""

    folder: Path
    log: list[str] = field(default_factory=list)

    @property
    def docs(self) -> Path:
        return self.folder / "docs"

    @property
    def ctx(self) -> Context:
        return make_context(self.folder, log=self.log.append)

    def source(self, **options: Any) -> Docs:
        return Docs(DocsOptions(**({"paths": [Path("docs")]} | options)))

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def read(self, **options: Any) -> list[Passage]:
        """Everything, in order."""
        return list(self.source(**options).documents(self.ctx))

    def told(self, **options: Any) -> list[tuple[str, str, str]]:
        return [(passage.title, passage.text, passage.url) for passage in self.read(**options)]

    def skipped(self, **options: Any) -> list[str]:
        """What the log says was skipped, besides a note that was read."""
        self.write("note.txt", "A note that is read.")
        assert "A note that is read." in [passage.text for passage in self.read(**options)]
        return [line.removeprefix("docs: skipped ") for line in self.log if line.startswith("docs: skipped ")]

    def retrieve(self, *queries: Sequence[str], **options: Any) -> list[Passage]:
        mistakes = [
            Mistake(id=f"m{n}", attempt_id=f"q{n}", task="t", kind="knowledge", question="?", queries=tuple(these))
            for n, these in enumerate(queries)
        ]
        return list(self.source(**options).retrieve(mistakes, self.ctx))

    def sample(self, count: int, seed: int, **options: Any) -> list[Passage]:
        return list(self.source(**options).sample(count, replace(self.ctx, seed=seed)))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "docs").mkdir()
    return Desk(tmp_path)
