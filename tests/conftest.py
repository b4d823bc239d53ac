"""What the core's tests share."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import toy
from cem_toolkit.plugins import Plugins, discover, register
from cem_toolkit.run import Run

Evolve = Callable[..., Run]


@pytest.fixture
def plugins() -> Plugins:
    """What is installed, and the toy plugin."""
    found = discover()
    register(found, "toy", toy.ToyPlugin())
    return found


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A toy model that knows every other capital."""
    return toy.write_model(tmp_path / "model", list(toy.CITIES.values())[::2])


@pytest.fixture
def values(tmp_path: Path, model: Path) -> dict[str, Any]:
    """A whole configuration over the toy plugin."""
    return {
        "model": str(model),
        "tasks": ["capitals"],
        "plugins": ["toy-eval", "toy-pages", "toy-train"],
        "out": str(tmp_path / "runs"),
        "cache": str(tmp_path / "cache"),
    }


@pytest.fixture
def evolve(plugins: Plugins, values: dict[str, Any]) -> Evolve:
    """`cem_toolkit.evolve` in the toy world; arguments are laid over the configuration."""
    from cem_toolkit.evolving import evolve

    toy.ToyTrainer.calls.clear()
    toy.ToyEvaluator.calls.clear()

    def run(**changes: Any) -> Run:
        return evolve(registry=plugins, progress=False, **{**values, **changes})

    return run
