"""Runs a suite without pytest, as `cem-toolkit check` does."""

import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from unittest import SkipTest

from cem_toolkit.errors import CemError
from cem_toolkit.testing.component import ComponentTests
from cem_toolkit.testing.evaluator import EvaluatorTests
from cem_toolkit.testing.miner import MinerTests
from cem_toolkit.testing.mixer import MixerTests
from cem_toolkit.testing.rewriter import RewriterTests
from cem_toolkit.testing.source import SourceTests
from cem_toolkit.testing.trainer import TrainerTests

SUITES: dict[str, type[ComponentTests]] = {
    "evaluator": EvaluatorTests,
    "miner": MinerTests,
    "source": SourceTests,
    "rewriter": RewriterTests,
    "mixer": MixerTests,
    "trainer": TrainerTests,
}


@dataclass(frozen=True)
class Outcome:
    """What came of one check."""

    check: str
    """In words, such as `hits name given mistakes`."""
    status: Literal["passed", "failed", "skipped"]
    reason: str
    """One line; "" where it passed."""
    seconds: float


def check_names(suite: type[ComponentTests]) -> list[str]:
    """The suite's test methods, those of all roles first, in the order in which they are written."""
    classes = reversed(suite.__mro__)
    return list(dict.fromkeys(name for cls in classes for name in vars(cls) if name.startswith("test_")))


def run_suite(suite: type[ComponentTests]) -> Iterator[Outcome]:
    """Every check of `suite`, each in a folder of its own."""
    return (run_check(suite, name) for name in check_names(suite))


def run_check(suite: type[ComponentTests], name: str) -> Outcome:
    """One check, by the name of its method."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cem-check-") as folder:
        status, reason = _run(suite, name, Path(folder))
    words = name.removeprefix("test_").replace("_s_", "'s ").replace("_", " ")
    return Outcome(words, status, reason, round(time.monotonic() - started, 3))


def _run(suite: type[ComponentTests], name: str, folder: Path) -> tuple[Literal["passed", "failed", "skipped"], str]:
    try:
        getattr(suite(), name)(folder)
    except SkipTest as skip:
        return "skipped", _line(skip)
    except (AssertionError, CemError) as failure:
        return "failed", _line(failure)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return "failed", f"{type(error).__name__}: {_line(error)} ({last.filename}:{last.lineno})"
    return "passed", ""


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
