"""cem-toolkit: a language model continues evolving from its mistakes.

`cem_toolkit.evolve(…)` runs the loop and returns the run; `cem_toolkit.plan(…)` says what it would do. Plugin authors
import from `cem_toolkit.api`.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["CemError", "Run", "evolve", "find_run", "plan", "resume", "sweep"]

if TYPE_CHECKING:
    from cem_toolkit.errors import CemError
    from cem_toolkit.evolving import evolve, plan, resume
    from cem_toolkit.folders import find_run
    from cem_toolkit.run import Run
    from cem_toolkit.sweeping import sweep

_HOMES = {
    "CemError": "cem_toolkit.errors",
    "Run": "cem_toolkit.run",
    "evolve": "cem_toolkit.evolving",
    "find_run": "cem_toolkit.folders",
    "plan": "cem_toolkit.evolving",
    "resume": "cem_toolkit.evolving",
    "sweep": "cem_toolkit.sweeping",
}


def __getattr__(name: str) -> Any:
    """Imports on first use, so that `import cem_toolkit` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
