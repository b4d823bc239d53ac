"""What the suites of the roles that load a model have in common."""

import atexit
import importlib.util
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from unittest import SkipTest

from cem_toolkit.records import Model
from cem_toolkit.roles import Context
from cem_toolkit.testing.component import ComponentTests
from cem_toolkit.testing.examples import example_attempts, example_passages
from cem_toolkit.testing.tiny import make_tiny_model


class ModelTests(ComponentTests):
    """Checks with a tiny model; skipped where torch or transformers is not installed."""

    def model(self) -> Model:
        """What is asked or trained; it must not be changed."""
        return tiny_model()

    def context(self, folder: Path, **changes: Any) -> Context:
        return super().context(folder, **({"model": self.model()} | changes))


@cache
def tiny_model() -> Model:
    """One for the whole process."""
    missing = [name for name in ("torch", "transformers", "tokenizers") if importlib.util.find_spec(name) is None]
    if missing:
        raise SkipTest(f"a tiny model needs {', '.join(missing)}: pip install {' '.join(missing)}")
    folder = Path(tempfile.mkdtemp(prefix="cem-tiny-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    texts = [passage.text for passage in example_passages()]
    return make_tiny_model(folder, [*texts, *(attempt.prompt + attempt.completion for attempt in example_attempts())])
