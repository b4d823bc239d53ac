"""The cookbook's components work: by the tests that their pages show, and in a run of the loop."""

import importlib.util
import inspect
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

import toy
from cem_toolkit.config import merge, resolve
from cem_toolkit.evolving import evolve
from cem_toolkit.plugins import Plugins, discover, register
from cem_toolkit.run import Run
from cem_toolkit.testing import make_tiny_model

FOLDER = Path(__file__).parents[1] / "docs" / "cookbook"
PAGES = sorted(page.stem for page in FOLDER.glob("*.md") if page.stem != "README")
BLOCK = re.compile(r"^```(python|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
Cook = Callable[..., Run]
MODULES = TemporaryDirectory(prefix="cookbook-")


def blocks(page: str, language: str) -> list[str]:
    text = (FOLDER / f"{page}.md").read_text(encoding="utf-8")
    return [block for name, block in BLOCK.findall(text) if name == language]


@cache
def load(page: str) -> ModuleType:
    """All Python of a page as one module in a file, as its reader would have it."""
    file = Path(MODULES.name) / f"cookbook_{page}.py"
    file.write_text("\n\n".join(blocks(page, "python")), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec and spec.loader
    module = sys.modules[file.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown_tests() -> Iterator[Any]:
    """The test functions on the pages, and the checks of their suites."""
    for page in PAGES:
        marks = pytest.mark.slow if page in ("evaluator", "trainer") else ()  # these take torch
        for name, thing in vars(load(page)).items():
            if name.startswith("test_"):
                yield pytest.param(thing, id=f"{page}-{name}", marks=marks)
            elif name.startswith("Test") and thing.__module__ == load(page).__name__:
                checks = [getattr(thing(), each) for each in dir(thing) if each.startswith("test_")]
                yield from (pytest.param(each, id=f"{page}-{each.__name__}", marks=marks) for each in checks)


@pytest.mark.parametrize("test", list(shown_tests()))
def test_shown(test: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"tmp_path": tmp_path, "monkeypatch": monkeypatch}
    test(**{each: given[each] for each in inspect.signature(test).parameters})


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "yaml")])
def test_a_configuration_is_understood(page: str) -> None:
    plugins = discover()
    register(plugins, page, load(page))
    for block in blocks(page, "yaml"):
        resolve(merge({"model": "m", "tasks": ["t"]}, yaml.safe_load(block)), plugins, f"{page}.md")


@pytest.fixture
def cook(plugins: Plugins, values: dict[str, Any]) -> Cook:
    """A run of the toy world with the component of a page, whose plugins the page's take the place of."""

    def run(page: str, **changes: Any) -> Run:
        register(plugins, page, load(page))
        return evolve(registry=plugins, progress=False, **{**values, **changes})

    return run


def test_the_source_is_searched_and_its_licence_noted(cook: Cook, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "lands.db")) as db:
        db.execute("CREATE VIRTUAL TABLE pages USING fts5(title, body, url UNINDEXED)")
        rows = [
            (land, f"{land} is a land. Its capital is {town}, by the sea.", "") for land, town in toy.CITIES.items()
        ]
        db.executemany("INSERT INTO pages VALUES (?, ?, ?)", rows)
        db.commit()
    options = {"sqlite": {"file": str(tmp_path / "lands.db"), "licence": "own"}}
    run = cook("source", plugins=["toy-eval", "sqlite", "toy-train"], sources=options, arms=["random"])
    assert {passage.licence for passage in run.rounds[0].passages} == {"own"}
    assert run.summary()["rounds"][0]["mined"]["fixed"] > 0


def test_the_miner_leaves_near_misses_out(cook: Cook) -> None:
    chosen = ["toy-eval", "confident", "toy-pages", "toy-train"]
    assert cook("miner", plugins=chosen, miner={"margin": 1}).rounds[0].mistakes  # the toy model is wrong by a nat


def test_the_miner_finds_nothing_where_the_model_is_sure_of_nothing(cook: Cook) -> None:
    assert not cook("miner", plugins=["toy-eval", "confident", "toy-pages", "toy-train"], miner={"margin": 1.5}).rounds


def test_the_mixer_reviews_at_intervals(cook: Cook) -> None:
    options = {"sure": 0.5, "unsure": 0, "cem": {"token_budget": 40}}  # a budget that leaves mistakes for another round
    run = cook("mixer", plugins=["toy-eval", "toy-pages", "spaced", "toy-train"], mixer=options, rounds=2)
    first, second = ([row.own_pairs for row in turn.rows if row.kind == "review"] for turn in run.rounds)
    assert first
    assert not set(first) & set(second)


def test_the_rewriters_questions_are_trained_on(cook: Cook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        toy, "CITIES", {land: f"{town}, founded in 18{land[4:]:0>2}" for land, town in toy.CITIES.items()}
    )
    run = cook("rewriter", plugins=["toy-eval", "toy-pages", "years", "toy-train"])
    assert any("which year is left out?" in row.prompt and row.kind == "normative" for row in run.rounds[0].rows)


def test_the_observer_tells_of_rounds_the_end_and_failures(
    cook: Cook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CEM_NOTES", str(tmp_path / "notes"))
    monkeypatch.delenv("CEM_WEBHOOK", raising=False)
    run = cook("observer")
    told = (tmp_path / "notes").read_text().splitlines()
    assert re.fullmatch(rf"{run.name}, round 1: \d+ fixed, 0 broken, accepted", told[0])
    assert told[1] == f"{run.name} is done: {run.folder / 'report.html'}"


def test_the_observer_tells_of_failures(cook: Cook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CEM_NOTES", str(tmp_path / "notes"))
    monkeypatch.delenv("CEM_WEBHOOK", raising=False)
    with pytest.raises(RuntimeError):
        cook("observer", trainer={"fails": True})
    assert "train of round 1 failed: the trainer broke; `cem-toolkit resume" in (tmp_path / "notes").read_text()


def test_the_command_writes_what_is_still_wrong(cook: Cook) -> None:
    run = cook("command", plugins=["toy-eval", "toy-pages", "toy-train"], mixer={"max_passages": 1, "token_budget": 40})
    group = click.Group("cem-toolkit")
    load("command").cem_register_commands(group)
    result = CliRunner().invoke(group, ["wrong", run.name, "--out", str(run.folder.parent)])
    wrong = [each for each in run.rounds[-1].attempts if each.split == "mined" and not each.correct]
    head, *lines = result.output.splitlines()
    assert head == "task,question,right,answered,looked up"
    assert len(lines) == len(wrong) > 0


@pytest.mark.slow
def test_the_trainer_trains_what_the_evaluator_asked(plugins: Plugins, values: dict[str, Any], tmp_path: Path) -> None:
    """Both on a tiny model, round the whole loop."""
    questions = [f'{{"question": "What is the height of Land{n} in metres?", "answer": {100 + n}}}' for n in range(12)]
    (tmp_path / "heights.jsonl").write_text("\n".join(questions))
    make_tiny_model(tmp_path / "tiny", questions)
    for page in ("evaluator", "trainer"):
        register(plugins, page, load(page))
    run = evolve(
        registry=plugins,
        progress=False,
        **values
        | {"model": str(tmp_path / "tiny"), "tasks": [str(tmp_path / "heights.jsonl")]}
        | {
            "plugins": ["numbers", "toy-pages", "last-layers"],
            "evaluator": {"max_tokens": 4},
            "trainer": {"layers": 1},
        },
    )
    assert run.rounds[0].stage("train").figures["tokens"] > 0
    assert len(run.rounds[0].attempts) == 12
