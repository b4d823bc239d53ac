"""`cem_plugins.py` beside the configuration: a plugin without a package."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import toy
from cem_toolkit.cli import main
from cem_toolkit.errors import CemError
from cem_toolkit.evolving import evolve, plan, resume
from cem_toolkit.local import load_local
from cem_toolkit.plugins import discover

SOURCE = """
from dataclasses import dataclass
import toy
from cem_toolkit.api import Passage, hookimpl

SEA = "sea"

@dataclass
class Note:
    text: "str"

class OwnPages(toy.ToySource):
    name = "own-pages"
    def retrieve(self, mistakes, ctx):
        ctx.log(SEA)
        for found in super().retrieve(mistakes, ctx):
            yield Passage.make(
                text=found.text, title=found.title, source=self.name, licence="CC0", hits=found.hits
            )

@hookimpl
def cem_register_sources():
    return [OwnPages]

@hookimpl
def cem_register_evaluators():
    return [toy.ToyEvaluator]

@hookimpl
def cem_register_trainers():
    return [toy.ToyTrainer]
"""


@pytest.fixture
def config(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with a local plugin beside it; what the plugin takes from the toy world stays as it is."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(toy.__file__).parent), *sys.path]))
    (tmp_path / "cem_plugins.py").write_text(SOURCE)
    values = {
        "model": str(model),
        "tasks": ["capitals"],
        "plugins": ["toy-eval", "own-pages", "toy-train"],
        "out": str(tmp_path / "runs"),
        "cache": str(tmp_path / "cache"),
    }
    (tmp_path / "cem.yaml").write_text(yaml.safe_dump(values))
    return tmp_path / "cem.yaml"


def test_a_run_uses_it_and_resumes_with_it(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = evolve(config)
    said = capsys.readouterr()
    assert f"plugin local: {config.parent / 'cem_plugins.py'}" in said.out + said.err
    assert {passage.source for passage in run.rounds[0].passages} == {"own-pages"}
    assert run.plan["plugins"]["local"].startswith("cem_plugins.py ")
    assert resume(run, progress=False).finished
    (config.parent / "cem_plugins.py").unlink()
    with pytest.raises(CemError, match=r"cem_plugins\.py: is not there any more"):
        resume(run, progress=False)


def test_a_change_of_the_file_redoes_its_stages_and_those_after_them(config: Path) -> None:
    evolve(config, progress=False)
    assert all(stage.reused for stage in plan(config).stages), "nothing has changed"
    (config.parent / "cem_plugins.py").write_text(SOURCE.replace('"sea"', '"ocean"'))
    again = {stage.name: stage.reused for stage in plan(config).stages if stage.round == 1}
    assert again["mine"]
    assert not again["retrieve/own-pages"]
    assert not again["train"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os\n\nimport no_such_module\n", ":3: the plugin is broken: ModuleNotFoundError: No module named"),
        ("def broken(:\n", ":1: the plugin is broken: SyntaxError: invalid syntax"),
        ("raise SystemExit('enough')", ":1: the plugin is broken: SystemExit: enough"),
        (
            "from cem_toolkit.api import hookimpl\n@hookimpl\ndef cem_register_sources():\n    return [1 / 0]\n",
            ":4: the plugin is broken: ZeroDivisionError: division by zero",
        ),
        (
            "from cem_toolkit.api import hookimpl\n@hookimpl\ndef cem_register_sources():\n    return [int]\n",
            ": the plugin is broken: cem_register_sources returned <class 'int'>, which is no subclass of",
        ),
    ],
)
def test_a_broken_one_is_a_line_with_its_place(config: Path, code: str, said: str) -> None:
    path = config.parent / "cem_plugins.py"
    path.write_text(code)
    with pytest.raises(CemError) as error:
        evolve(config, progress=False)
    assert str(error.value).startswith(f"{path}{said}")
    assert "\n" not in str(error.value)
    assert not (config.parent / "runs").exists()


def test_nothing_is_executed_without_a_configuration_or_by_commands_that_only_read(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = evolve(config, progress=False)
    (config.parent / "cem_plugins.py").write_text("from pathlib import Path\nPath('executed').touch()\n1 / 0\n")
    monkeypatch.chdir(config.parent)
    out = ["--out", str(run.folder.parent)]
    for command in (["show", *out], ["report", *out], ["ledger", *out], ["plugins"], ["compare", "--help"]):
        with pytest.raises(SystemExit) as end:
            main(command)
        assert end.value.code == 0, command
    with pytest.raises(CemError, match="no such file"):
        evolve("mistyped.yaml")
    assert not Path("executed").exists()


def test_a_name_that_is_installed_is_told_with_both_places(config: Path) -> None:
    path = config.parent / "cem_plugins.py"
    path.write_text(SOURCE.replace("own-pages", "wiki"))
    found = discover()
    assert load_local(found, config.parent)
    with pytest.raises(CemError, match=r"two sources are called 'wiki'.*cem_plugins\.OwnPages \(cem_plugins\.py"):
        found.get("source", "wiki")


def command(config: Path, *arguments: str) -> tuple[int, Any, str]:
    code = "from cem_toolkit.cli import main; main()"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, cwd=config.parent
    )
    return done.returncode, done.stdout, done.stderr


def test_the_commands_plugins_and_check_see_it(config: Path) -> None:
    code, out, said = command(config, "plugins", "own-pages", "--config", "cem.yaml", "--json")
    assert code == 0, said
    assert said == f"plugin local: {config.parent / 'cem_plugins.py'}\n"
    (component,) = json.loads(out)["components"]
    assert component["plugin"] == "local"
    assert component["version"].startswith("1+")
    code, out, said = command(config, "plugins")
    assert "own-pages" not in out, "but for a configuration nothing is loaded"
    code, out, said = command(config, "check", "own-pages", "--config", "cem.yaml")
    assert code == 1, "the toy's pages are about toy lands only"
    assert "  failed   finds something: " in out
    assert "cem_plugins.py:" in out or "toy.py:" in out
