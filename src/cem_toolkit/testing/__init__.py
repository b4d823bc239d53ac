"""Help for those who test plugins."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cem_toolkit.records import Model
from cem_toolkit.roles import Context
from cem_toolkit.testing.tiny import make_tiny_model

if TYPE_CHECKING:
    from cem_toolkit.searching.polite import Clock

__all__ = ["make_clock", "make_context", "make_tiny_model"]


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


def make_clock() -> "Clock":
    """A clock on which hours pass in no time, for whoever sleeps by it; its day is 2 January 2026, at noon."""
    from cem_toolkit.searching.polite import Clock

    lock = threading.Lock()
    passed = 0.0

    def sleep(seconds: float) -> None:
        nonlocal passed
        with lock:
            passed += seconds

    return Clock(now=lambda: 1000.0 + passed, sleep=sleep, today=lambda: 1767355200.0 + passed)
