"""`cem-toolkit check`: the suites without a test file, by exit codes and JSON."""

import json
from pathlib import Path

import pytest
from tests.testing.good import GoodSource

from cem_toolkit import local
from cem_toolkit.api import Source, hookimpl
from cem_toolkit.cli import main
from cem_toolkit.plugins import Plugins, discover, register


class Silent(GoodSource):
    """Finds nothing."""

    name = "silent"

    def retrieve(self, mistakes: object, ctx: object) -> list[object]:  # type: ignore[override]
        return []


class Plugin:
    @hookimpl
    def cem_register_sources(self) -> list[type[Source]]:
        return [GoodSource, Silent]


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> Plugins:
        plugins = discover()
        register(plugins, "test", Plugin())
        return plugins

    monkeypatch.setattr(local, "discover", found)


def check(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["check", *arguments])
    assert isinstance(end.value.code, int)
    return end.value.code


def test_a_component_that_keeps_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("glossary") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "source glossary 1 (this session)"
    assert "  passed   hits name given mistakes" in said
    assert said[-1] == "17 passed, 0 failed, 0 skipped"


def test_one_that_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("silent", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    (component,) = told["components"]
    assert not told["passed"]
    assert (component["role"], component["name"], component["passed"]) == ("source", "silent", False)
    (failed,) = [each for each in component["checks"] if each["status"] == "failed"]
    assert failed["check"] == "finds something"
    assert "override mistakes()" in failed["reason"]


def test_several_roles_of_one_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("cem") == 0
    said = capsys.readouterr().out
    assert "miner cem" in said
    assert "mixer cem" in said
    assert check("cem", "--set", "limit=1") == 2
    assert check("cem", "--role", "miner", "--set", "limit=1") == 0
    assert check("cem", "--role", "trainer") == 2
    assert "'cem' is no trainer but a miner and a mixer" in capsys.readouterr().err


def test_options_come_from_the_configuration_and_from_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "cem.yaml"
    config.write_text(
        "sources: {glossary: {most: 7, file: more.txt}}\nminer: {limit: 2}\nplugins: [glossary, own-miner]\n"
    )
    assert check("glossary", "--config", str(config)) == 1
    assert "failed   check accepts its options: check refuses" in capsys.readouterr().out
    (tmp_path / "more.txt").touch()
    assert check("glossary", "--config", str(config), "--set", "most=9", "--json") == 0
    options = json.loads(capsys.readouterr().out)["components"][0]["options"]
    assert options == {"most": 9, "file": "more.txt"}
    assert check("cem", "--role", "miner", "--config", str(config), "--json") == 0
    assert json.loads(capsys.readouterr().out)["components"][0]["options"] == {"limit": 2}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["glosary"], "unknown component 'glosary'; did you mean 'glossary'?"),
        (["glossary", "--set", "mots=1"], "source glossary: mots: unknown option; did you mean 'most'?"),
        (["glossary", "--set", "most"], "--set most: should be NAME=VALUE"),
        (["glossary", "--config", "none.yaml"], "none.yaml: no such file"),
    ],
)
def test_bad_input(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(*arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
