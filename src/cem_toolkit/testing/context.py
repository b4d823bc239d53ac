"""A context to test one component alone in."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cem_toolkit.records import Model
from cem_toolkit.roles import Context


class _Silent:
    def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None: ...


@contextlib.contextmanager
def _no_progress(label: str, total: float | None) -> Iterator[_Silent]:
    yield _Silent()


def _count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def _cannot_generate(prompts: Sequence[str], max_tokens: int) -> list[str]:
    raise AssertionError("this context has no model to generate with: pass generate=")


def _cannot_score(pairs: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[float, ...]]:
    raise NotImplementedError("this context has no model to score with: pass score=")


def make_context(folder: Path, **overrides: Any) -> Context:
    """A context for testing one component alone, in `folder`: silent, seed 0, tokens are words, and no model."""
    (folder / "stage").mkdir(parents=True, exist_ok=True)
    (folder / "cache").mkdir(exist_ok=True)
    fields: dict[str, Any] = {
        "model": Model(name="none", path=folder / "no-model", fingerprint="none"),
        "folder": folder / "stage",
        "cache": folder / "cache",
        "round": 1,
        "seed": 0,
        "chat_template": False,
        "config_folder": folder,
        "progress": _no_progress,
        "log": lambda message: None,
        "count_tokens": _count_words,
        "generate": _cannot_generate,
        "score": _cannot_score,
    }
    return Context(**(fields | overrides))
