"""Every configuration under `examples/` is understood by the components that it names, and its files are there."""

from pathlib import Path

import pytest

from cem_toolkit.config import read_yaml, resolve, with_preset
from cem_toolkit.plugins import discover
from cem_toolkit.testing import make_context

EXAMPLES = Path(__file__).parents[1] / "examples"
CONFIGURATIONS = sorted(path for path in EXAMPLES.rglob("*.yaml") if "plugins:" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_an_example_is_understood(path: Path, tmp_path: Path) -> None:
    plugins = discover()
    values = {**read_yaml(path), "cache": str(tmp_path / "cache")}
    config, crew = resolve(with_preset(values, plugins, print), plugins, str(path))
    ctx = make_context(tmp_path, config_folder=path.parent, round=0)
    crew.evaluator.check(ctx)
    crew.evaluator.check_tasks(config.tasks, ctx)


def test_there_are_examples() -> None:
    assert {path.relative_to(EXAMPLES).parts[0] for path in CONFIGURATIONS} >= {
        "quickstart.yaml",
        "own-questions",
        "from-lm-eval-logs",
        "reproduce-cem",
    }
