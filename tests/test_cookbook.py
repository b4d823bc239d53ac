"""The cookbook's components work: by the tests that their pages show, and in a run of the loop."""

import inspect
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
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


def blocks(page: str, language: str) -> list[str]:
    text = (FOLDER / f"{page}.md").read_text(encoding="utf-8")
    return [block for name, block in BLOCK.findall(text) if name == language]


def load(page: str) -> ModuleType:
    """All Python of a page as one module, as its reader would have it."""
    module = ModuleType(page)
    exec(compile("\n\n".join(blocks(page, "python")), f"{page}.md", "exec"), vars(module))  # noqa: S102
    return module


def shown_tests() -> Iterator[Any]:
    for page in PAGES:
        for name in re.findall(r"^def (test_\w+)", "\n".join(blocks(page, "python")), re.MULTILINE):
            marks = pytest.mark.slow if page in ("evaluator", "trainer") else ()  # these take torch
            yield pytest.param(page, name, id=f"{page}-{name}", marks=marks)


@pytest.mark.parametrize(("page", "name"), list(shown_tests()))
def test_shown(page: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = vars(load(page))[name]
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
