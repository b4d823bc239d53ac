"""Help for those who test plugins: a context, a clock, a tiny model, and a suite to subclass for every role."""

from cem_toolkit.testing.clock import make_clock
from cem_toolkit.testing.component import ComponentTests
from cem_toolkit.testing.context import make_context
from cem_toolkit.testing.evaluator import EvaluatorTests
from cem_toolkit.testing.examples import (
    example_attempts,
    example_mistakes,
    example_passages,
    example_rewrites,
    example_rows,
)
from cem_toolkit.testing.miner import MinerTests
from cem_toolkit.testing.mixer import MixerTests
from cem_toolkit.testing.rewriter import RewriterTests
from cem_toolkit.testing.source import SourceTests
from cem_toolkit.testing.tiny import make_tiny_model
from cem_toolkit.testing.trainer import TrainerTests

__all__ = [
    "ComponentTests",
    "EvaluatorTests",
    "MinerTests",
    "MixerTests",
    "RewriterTests",
    "SourceTests",
    "TrainerTests",
    "example_attempts",
    "example_mistakes",
    "example_passages",
    "example_rewrites",
    "example_rows",
    "make_clock",
    "make_context",
    "make_tiny_model",
]
