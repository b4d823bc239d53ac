"""A folder with a toy configuration and a local plugin, as Ray's tasks find it; and one Ray for all tests."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import toy
from cem_toolkit.cluster.joining import joined
from cem_toolkit.config import RayConfig

PLUGIN = '''
import os, signal, sys, time
from pathlib import Path

sys.path.append(TESTS)  # Ray's workers find it by themselves only where it is installed

import toy
from cem_toolkit.api import hookimpl

HERE = Path(__file__).parent


class Trainer(toy.ToyTrainer):
    """Misbehaves where a file beside the plugin says so, by the name of the arm."""

    def train(self, rows, ctx):
        name = ctx.folder.parent.name
        if (HERE / f"breaks-{name}").exists():
            raise RuntimeError("the trainer broke")
        if (HERE / f"dies-{name}").exists():
            (HERE / f"dies-{name}").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        if (HERE / "hangs").exists():
            (HERE / "hangs" / str(os.getpid())).touch()
            time.sleep(300)
        ctx.log(f"trains {name} " + "x" * 20_000)
        return super().train(rows, ctx)


@hookimpl
def cem_register_evaluators():
    return [toy.ToyEvaluator]


@hookimpl
def cem_register_sources():
    return [toy.ToySource]


@hookimpl
def cem_register_trainers():
    return [Trainer]
'''


@pytest.fixture
def config(tmp_path: Path, values: dict[str, Any]) -> Path:
    """A configuration file with three control arms beside the round, and the plugin beside it."""
    (tmp_path / "cem_plugins.py").write_text(PLUGIN.replace("TESTS", repr(str(Path(toy.__file__).parent))))
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({**values, "arms": ["random", "review"], "seeds": 2, "ray": {"cpus": 0.5}}))
    return path


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    """Started once: what is begun already is used by all, and by `evolve`."""
    with joined(RayConfig(), quiet=True) as module:
        yield module
