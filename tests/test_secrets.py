"""Secrets are neither kept with a run nor shown: one is planted wherever one can be given, and looked for."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

import toy
from cem_toolkit.api import Context, Passage, Row, hookimpl
from cem_toolkit.cli import main
from cem_toolkit.errors import CemError, ConfigError
from cem_toolkit.plugins import Plugins, register
from cem_toolkit.secrets import redact, secrets_in
from conftest import Evolve

CANARY = "Canary0-of-all-secrets"


class Telling(toy.ToySource):
    """Says what it was given, as careless code and libraries do."""

    name = "telling"

    class Options(toy.ToySource.Options):
        endpoint: str = Field("", description="An address with a key in it.")
        key_env: str = Field("", description="The variable with the key.")
        fails: bool = Field(False, description="Raise instead of finding anything.")

    def retrieve(self, mistakes: Sequence[Any], ctx: Context) -> Iterable[Passage]:
        ctx.log(f"asking {self.options.endpoint} with {os.environ[self.options.key_env]}")
        if self.options.fails:
            raise CemError(f"GET {self.options.endpoint}: refused, Authorization: Bearer {CANARY}")
        return super().retrieve(mistakes, ctx)


class Careless(toy.ToyTrainer):
    name = "careless"

    def train(self, rows: Sequence[Row], ctx: Context) -> Mapping[str, Any]:
        figures = {"hub": f"https://me:{CANARY}@hub.test/model", "api_key": CANARY, "sent": [{"token": CANARY}]}
        return {**super().train(rows, ctx), **figures}


class Plugin:
    @hookimpl
    def cem_register_sources(self) -> list[Any]:
        return [Telling]

    @hookimpl
    def cem_register_trainers(self) -> list[Any]:
        return [Careless]


@pytest.fixture
def telling(plugins: Plugins, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A configuration that gives secrets in all ways that there are."""
    register(plugins, "telling", Plugin())
    for name in ("SEARCH_ACCESS", "OTHER_WAY", "HF_TOKEN"):
        monkeypatch.setenv(name, CANARY)
    options = {"endpoint": "https://me:${SEARCH_ACCESS}@search.test/?q={query}&key=${SEARCH_ACCESS}"}
    return {
        "plugins": ["toy-eval", "telling", "careless"],
        "sources": {"telling": options | {"key_env": "OTHER_WAY"}},
    }


def found_in(*folders: Path) -> list[str]:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert files
    return [str(path) for path in files if CANARY.encode() in path.read_bytes() or CANARY in path.name]


def test_none_is_in_a_run_its_report_its_cache_or_on_the_screen(
    telling: dict[str, Any],
    plugins: Plugins,
    values: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from cem_toolkit.evolving import evolve

    command = ["evolve", "--set", f"x.token={CANARY}", "-m", f"https://me:{CANARY}@host.test/?api_key={CANARY}"]
    monkeypatch.setattr("sys.argv", ["cem-toolkit", *command])
    run = evolve(registry=plugins, **{**values, **telling})
    for name in ("show", "report", "ledger"):
        with pytest.raises(SystemExit):
            main([name, str(run.folder)])
    said = capsys.readouterr()
    assert "asking https://me:${SEARCH_ACCESS}@search.test" in said.err
    assert CANARY not in said.out + said.err
    assert found_in(run.folder, tmp_path) == []
    assert "key=${SEARCH_ACCESS}" in (run.folder / "config.yaml").read_text()


def test_none_is_in_what_a_failure_says_and_leaves(
    telling: dict[str, Any], evolve: Evolve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    telling["sources"]["telling"]["fails"] = True
    with pytest.raises(CemError) as raised:
        evolve(**telling)
    assert CANARY not in redact(str(raised.value))  # as the command line prints it
    assert found_in(tmp_path) == []


def test_the_option_reaches_the_component_and_the_key_does_not_change_with_the_secret(
    telling: dict[str, Any], evolve: Evolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = evolve(**telling)
    monkeypatch.setenv("SEARCH_ACCESS", "Another0-secret")
    second = evolve(**telling)
    stages = [run.rounds[0].stage("retrieve/telling") for run in (first, second)]
    assert all(stages)
    assert stages[1].reused  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("endpoint", f"https://me:{CANARY}@search.test/"),
        ("endpoint", f"https://{CANARY}@search.test/"),
        ("endpoint", f"https://search.test/?q=x&api_key={CANARY}"),
        ("endpoint", f"https://search.test/?access_token={CANARY}"),
        ("api_key", CANARY),
        ("password", CANARY),
        ("hf_token", CANARY),
    ],
)
def test_one_that_stands_in_the_configuration_is_refused(
    telling: dict[str, Any], evolve: Evolve, tmp_path: Path, place: str, value: str
) -> None:
    telling["sources"]["telling"][place] = value
    with pytest.raises(ConfigError, match=rf"sources.telling.{place}: .*write \$\{{NAME\}}") as raised:
        evolve(**telling)
    assert CANARY not in str(raised.value)
    assert not (tmp_path / "runs").exists()


def test_a_variable_that_is_not_set_is_named(telling: dict[str, Any], evolve: Evolve) -> None:
    telling["sources"]["telling"]["endpoint"] = "https://search.test/?key=${NOT_SET_AT_ALL}"
    with pytest.raises(ConfigError, match=r"sources.telling: \$\{NOT_SET_AT_ALL\} is no environment variable"):
        evolve(**telling)


@pytest.mark.parametrize(
    "text",
    [
        "--set sources.x.token=SECRET: should be",
        "https://user:SECRET@host/path",
        "postgres://user:p@SECRET@host/",
        "GET /?a=b&api_key=SECRET&c=d HTTP",
        "Authorization: Bearer SECRETSECRET",
        "token hf_SECRETSECRETSECRET",
    ],
)
def test_redaction(text: str) -> None:
    assert "SECRET" not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens=5 token_budget=10 eos_token=</s> key_env=NAME",
        "https://host.test/page?query=a&page=2 by me@host.test",
        "https://me:${NAME}@host.test/?key=${NAME}",
        "a basic idea",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text
    assert list(secrets_in({"trainer": {"option": text, "pad_token": "x", "token_budget": "9"}}, "")) == []


def test_redaction_keeps_the_shape() -> None:
    data = {"a": [1, "x?token=SECRET", {"password": "SECRET"}], "tokens": 5, "token": None}
    redacted = redact(data)
    assert "SECRET" not in json.dumps(redacted)
    assert redacted["tokens"] == 5
    assert redacted["token"] is None
