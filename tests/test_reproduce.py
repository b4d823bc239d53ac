"""The example `reproduce-cem`: Xiezhi's files, the arms' configurations, and its tables."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import CemError
from cem_toolkit.config import resolve, with_preset
from cem_toolkit.plugins import discover
from cem_toolkit.testing import make_context
from conftest import Evolve

EXAMPLE = Path(__file__).parents[1] / "examples" / "reproduce-cem"

PUBLISHED_FORM = [
    {"question": "The largest moon is _____", "labels": ["Astronomy"], "answer": "Titan", "options": "Io\nTitan\nMoon"},
    {"question": "Iron is a _____", "labels": ["Chemistry"], "answer": "metal", "options": 'gas\nsalt\nmetal"\n'},
]
"""As the repository's files have it, the second with the stray quote that some of them end their options with."""
PLAIN_FORM = [
    {"question": "The largest moon is _____", "choices": ["Io", "Titan", "Moon"], "answer": 1},
    {"question": "Iron is a _____", "choices": ["gas", "salt", "metal"], "answer": 2},
]
LANDS = [
    {"question": f"Land {number} is _____", "choices": ["flat", "steep", "wet", "dry"], "answer": number % 4}
    for number in range(40)
]


@pytest.fixture(autouse=True)
def _on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLE))


def module(name: str) -> Any:
    return importlib.import_module(name)


def write(folder: Path, rows: list[Any]) -> Path:
    path = folder / "xiezhi.v1.json"
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_both_forms_of_a_file_make_the_same_questions(tmp_path: Path) -> None:
    published = module("xiezhi").read_xiezhi(write(tmp_path, PUBLISHED_FORM))
    plain = module("xiezhi").read_xiezhi(write(tmp_path, PLAIN_FORM))
    assert list(published.rows) == list(plain.rows) == PLAIN_FORM
    assert module("xiezhi").write_task(published, tmp_path) == module("xiezhi").write_task(plain, tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ({"question": " "}, "has no question"),
        ({"question": "Q", "answer": "a"}, "has neither `options`"),
        ({"question": "Q", "options": "a", "answer": "a"}, "has fewer than two choices"),
        ({"question": "Q", "options": "a\na", "answer": "a"}, "has a choice twice"),
        ({"question": "Q", "options": "a\nb", "answer": "c"}, "has the answer 'c', which is none of its choices"),
        ({"question": "Q", "choices": ["a", "b"], "answer": 2}, "has the answer 2, which is none of its choices"),
        (PLAIN_FORM[0] | {"answer": 0}, "an earlier line has the same question with another answer"),
    ],
)
def test_a_bad_line_is_one_clear_message(
    line: Any, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, [*PLAIN_FORM, line])
    assert module("reproduce").main(["--questions", str(path), "--runs", str(tmp_path / "runs")]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"error: {path}, line 3: {said}")
    assert told.endswith("; mend the line, or leave out all such lines by --skip-bad\n")
    kept = module("xiezhi").read_xiezhi(path, skip_bad=True)
    assert (list(kept.rows), kept.left_out) == (PLAIN_FORM, 1)


def test_the_drawn_questions_are_the_same_every_time(tmp_path: Path) -> None:
    every = module("xiezhi").read_xiezhi(write(tmp_path, LANDS))
    drawn = every.drawn(10)
    assert [row for row in LANDS if row in drawn.rows] == drawn.rows == every.drawn(10).rows
    assert len(drawn.rows) == 10
    assert every.drawn(None) is every.drawn(40) is every


@pytest.mark.parametrize("letters", [False, True])
def test_a_file_becomes_a_task(letters: bool, tmp_path: Path) -> None:
    questions = module("xiezhi").read_xiezhi(write(tmp_path, LANDS))
    task = module("xiezhi").write_task(questions, tmp_path / "runs", letters)
    values = module("reproduce").configuration("N", "wiki", "some/model") | {"tasks": [str(task)]}
    config, crew = resolve(values, discover(), "test")
    ctx = make_context(tmp_path, round=0)
    crew.evaluator.check_tasks(config.tasks, ctx)
    counted = crew.evaluator.count_questions(config.tasks, ctx)
    assert [number for number, _ in counted.values()] == [40]


def test_letters_need_as_many_choices_everywhere(tmp_path: Path) -> None:
    questions = module("xiezhi").read_xiezhi(write(tmp_path, [*LANDS, *PLAIN_FORM]))
    with pytest.raises(CemError, match="equally many choices"):
        module("xiezhi").write_task(questions, tmp_path, letters=True)


@pytest.mark.parametrize("model", [None, "Qwen/Qwen1.5-7B-Chat", "meta-llama/Meta-Llama-3-8B-Instruct"])
def test_every_arm_has_a_valid_configuration(model: str | None, tmp_path: Path) -> None:
    reproduce = module("reproduce")
    kinds = {}
    for arm in reproduce.ARMS:
        values = reproduce.configuration(arm, "wiki", model, ["trainer.epochs=5"]) | {"tasks": ["xiezhi.jsonl"]}
        plugins = discover()
        config, crew = resolve(with_preset({**values, "cache": str(tmp_path)}, plugins, print), plugins, arm)
        assert [source.name for source in crew.sources] == ["wiki"]
        assert config.trainer["epochs"] == 5
        kinds[arm] = {kind for kind, share in config.mixer["shares"].items() if share}
    assert kinds == {
        "N": {"passage", "normative", "general"},
        "N+E": {"passage", "normative", "general", "extractive"},
        "N+E+R": {"passage", "normative", "general", "extractive", "review"},
    }


def test_sources_are_told_apart() -> None:
    configuration = module("reproduce").configuration
    assert configuration("N", "web", None)["plugins"] == ["search", "trl"]
    assert configuration("N", "mix", None)["plugins"] == ["wiki", "search", "trl"]
    assert configuration("N", "web", None)["sources"] == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sources", "bing"], "unknown source 'bing'; there are wiki, web, mix"),
        (["--arms", "N,R"], "unknown arm 'R'; there are N, N+E, N+E+R"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is read or written."""
    given = ["--questions", str(tmp_path / "none.json"), *arguments]
    assert module("reproduce").main(given) == 2
    assert capsys.readouterr().err == f"error: {said}\n"


def test_a_source_that_is_not_installed_is_said_with_the_command() -> None:
    with pytest.raises(CemError, match=r"'mix' needs the knowledge source 'search'.*: pip install cem-search$"):
        module("reproduce").check_sources(["wiki", "mix"], ["wiki"])


def test_accuracy_after_is_before_with_what_was_fixed_and_without_what_broke(evolve: Evolve) -> None:
    run = evolve(trainer={"forgets": 3})
    sets = module("reproduce").entry(run, run.rounds[0], "N+E+R", "wiki")["sets"]
    assert sets["all"]["n"] == len(run.questions) == sum(of["n"] for name, of in sets.items() if name != "all")
    assert sets["all"]["fixed"] and sets["all"]["broken"]
    for of in sets.values():
        gained = of["wrong_to_right"][0] - of["right_to_wrong"][0]
        assert 100 * (of["right_after"] - of["right_before"]) / of["n"] == pytest.approx(gained, abs=0.011)
        assert of["points"][0] == pytest.approx(gained, abs=0.011)


def test_so_it_is_in_the_published_figures() -> None:
    for *_, base, accuracy, fixed, broken in module("tables").PUBLISHED:
        assert base + fixed - broken == pytest.approx(accuracy, abs=0.011)


def test_the_readme_shows_what_was_measured() -> None:
    tables, measured = module("tables"), EXAMPLE / "results.json"
    results = json.loads(measured.read_text(encoding="utf-8")) if measured.is_file() else None
    page = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    assert tables.filled(page, tables.comparison(results)) == page


def test_the_tables_of_a_run_stand_beside_the_published_ones(evolve: Evolve) -> None:
    reproduce, tables = module("reproduce"), module("tables")
    run = evolve(arms=["random"])
    turn = run.rounds[0]
    results = {
        "model": "toy",
        "questions": {"file": "xiezhi.json", "of": 40, "asked": 40},
        "seed": 0,
        "machine": {"processor": "a processor", "cores": 2},
        "arms": [reproduce.entry(run, trained, "N", "wiki") for trained in (turn, *turn.arms)],
    }
    told = tables.comparison(results)
    assert tables.comparison(None).strip() in told
    assert "| toy, here | wiki | N | 50.00 |" in told
    assert "| toy, here | wiki | N, random passages | 50.00 |" in told
    assert "| wiki | N | held out |" in told
