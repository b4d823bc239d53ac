"""A tiny random model with a tokenizer made on the spot, and questions to ask it."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cem_lm_eval import models
from cem_toolkit.api import Context, Model
from cem_toolkit.testing import make_context, make_tiny_model

CAPITALS = {
    "Afghanistan": ("Tirana", "Kabul", "Dushanbe", "Tashkent"),
    "Australia": ("Canberra", "Sydney", "Melbourne", "Ottawa"),
    "Belgium": ("Amsterdam", "Luxembourg", "Brussels", "Stockholm"),
    "Greece": ("Ankara", "Athens", "Sofia", "Thessaloniki"),
    "Italy": ("Venice", "Rome", "Naples", "Milan"),
    "Nepal": ("Lhasa", "Thimphu", "Kathmandu", "Delhi"),
}
ROWS = [
    {"question": f"What is the capital of {country}?", "choices": list(choices), "answer": number % 4, "group": "g1"}
    for number, (country, choices) in enumerate(CAPITALS.items())
]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A LLaMA of some thousand random parameters."""
    return make_tiny_model(tmp_path_factory.mktemp("tiny"), [json.dumps(row) for row in ROWS])


class Recorder:
    """A progress and log that remember what they were told."""

    def __init__(self) -> None:
        self.steps: dict[str, list[float | None]] = {}
        self.lines: list[str] = []

    @contextlib.contextmanager
    def progress(self, label: str, total: float | None) -> Iterator["Recorder"]:
        self.label = label
        self.steps[label] = [0, total]
        yield self

    def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None:
        done, expected = self.steps[self.label]
        self.steps[self.label] = [(done or 0) + steps, total if total is not None else expected]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def ctx(tmp_path: Path, tiny: Model, recorder: Recorder) -> Iterator[Context]:
    yield make_context(tmp_path, model=tiny, progress=recorder.progress, log=recorder.lines.append)
    models._held.clear()  # `release` looks for garbage, too: most of a second among a whole session's objects


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Sequence[Mapping[str, Any]] | str | bytes], str]:
    """Writes a file below the configuration's folder and returns its name there."""

    def write(name: str, content: Sequence[Mapping[str, Any]] | str | bytes) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
        return name

    return write


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    return [dict(row) for row in ROWS]


@pytest.fixture
def yaml_task(write: Callable[[str, Any], str], tmp_path: Path) -> Callable[..., str]:
    """Writes a task of lm-eval over local documents: `yaml_task(name, docs, extra YAML lines)` is its file."""

    def make(name: str, docs: Sequence[Mapping[str, Any]], lines: str, folder: str = "tasks") -> str:
        data = tmp_path / write(f"{folder}/{name}.data.jsonl", docs)
        return write(
            f"{folder}/{name}.yaml",
            f"task: {name}\ndataset_path: json\ndataset_kwargs: {{data_files: {{test: '{data}'}}}}\n"
            f"test_split: test\n{lines}",
        )

    return make
