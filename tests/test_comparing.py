"""Comparing runs: what differs in configuration, and in results question by question."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cem_toolkit.api import CemError
from cem_toolkit.comparing import SPLIT_DIFFERS, Comparison, compare_runs
from cem_toolkit.run import Run
from conftest import Evolve
from test_ledger import attempt, row, teach, write_run, write_stage


def settings(comparison: Comparison) -> dict[str, tuple[Any, ...]]:
    return {each.name: each.values for each in comparison.differences}


def test_results_are_paired_by_question(tmp_path: Path) -> None:
    first = write_run(tmp_path / "a", {"both": "01", "only a": "01", "neither": "00", "only b": "00", "x": "01"}, "1")
    second = write_run(tmp_path / "b", {"both": "01", "only b": "01", "neither": "00", "only a": "00", "y": "00"}, "1")
    comparison = compare_runs([first, second])
    assert comparison.common == 4
    (result,) = comparison.to_json()["results"]
    counts = {
        name: result["sets"]["mined"][f"right_{name}"] for name in ("both", "first_only", "second_only", "neither")
    }
    assert counts == {"both": 1, "first_only": 1, "second_only": 1, "neither": 1}
    assert result["sets"]["mined"]["verdict"] == "no change shown"
    assert any("1 questions are not in all runs" in note for note in comparison.notes)


def test_the_shipped_models_are_compared(tmp_path: Path) -> None:
    """Not those of the last round, where the gate rejected it."""
    first = write_run(tmp_path / "a", {"q": "010"}, "10")
    second = write_run(tmp_path / "b", {"q": "011"}, "01")
    comparison = compare_runs([first, second])
    assert [(run["shipped"], run["model"]) for run in comparison.runs] == [(1, "model 1"), (2, "model 2")]
    assert comparison.changes[0]["mined"].right_before == comparison.changes[0]["mined"].right_after == 1


def test_general_tasks_and_reviewed_questions_stand_apart(tmp_path: Path) -> None:
    splits = {"g": "general", "h": "held_out"}
    first = write_run(tmp_path / "a", {"m": "01", "r": "01", "g": "11", "h": "00"}, "1", splits=splits)
    second = write_run(tmp_path / "b", {"m": "00", "r": "00", "g": "10", "h": "01"}, "1", splits=splits)
    teach(second.round(1).folder, rows=[row("x", "r", own=("r",))])
    (changes,) = compare_runs([first, second]).changes
    assert {name: change.n for name, change in changes.items()} == dict.fromkeys(
        ("mined", "held_out", "reviewed", "general: t"), 1
    )


def test_a_question_mined_in_one_run_and_held_out_in_another_is_compared_as_neither(tmp_path: Path) -> None:
    first = write_run(tmp_path / "a", {"q": "01", "r": "00"}, "1", splits={"q": "mined", "r": "held_out"})
    second = write_run(tmp_path / "b", {"q": "00", "r": "00"}, "1", splits={"q": "held_out", "r": "held_out"})
    comparison = compare_runs([first, second])
    assert {name: change.n for name, change in comparison.changes[0].items()} == {"held_out": 1, SPLIT_DIFFERS: 1}
    assert any("cannot be compared as held out" in note for note in comparison.notes)


def test_a_question_by_which_a_training_was_stopped_is_no_result(tmp_path: Path) -> None:
    first = write_run(tmp_path / "a", {"q": "01", "s": "01", "x": "01"}, "1", splits={"s": "stopping", "x": "mined"})
    second = write_run(
        tmp_path / "b", {"q": "00", "s": "00", "x": "00"}, "1", splits={"s": "stopping", "x": "stopping"}
    )
    comparison = compare_runs([first, second])
    assert {name: change.n for name, change in comparison.changes[0].items()} == {"mined": 1}


def test_a_question_with_another_key_is_left_out(tmp_path: Path) -> None:
    first, second = (write_run(tmp_path / name, {"q": "1", "r": "1"}) for name in "ab")
    write_stage(second.start.folder / "evaluate", attempts=[attempt("q", False, gold="no"), attempt("r", True)])
    comparison = compare_runs([first, second])
    assert comparison.common == 1
    assert comparison.notes == ("1 questions have another right answer in one run than in another, and are left out",)


def test_chance_alone_is_not_called_a_change_over_many_runs(tmp_path: Path) -> None:
    """p is adjusted over all comparisons: six more fixed of six is significant alone, and not among twenty."""
    rights = {f"q{number}": "0" for number in range(6)}
    first, better = write_run(tmp_path / "a", rights), write_run(tmp_path / "b", dict.fromkeys(rights, "1"))
    assert compare_runs([first, better]).changes[0]["mined"].verdict == "better"
    same = [write_run(tmp_path / f"c{number}", rights) for number in range(18)]
    many = compare_runs([first, better, *same])
    assert many.changes[0]["mined"].p == compare_runs([first, better]).changes[0]["mined"].p
    assert many.changes[0]["mined"].verdict == "no change shown"


def test_runs_without_a_common_question(tmp_path: Path) -> None:
    first, second = write_run(tmp_path / "a", {"q": "1"}, task="t"), write_run(tmp_path / "b", {"q": "1"}, task="u")
    with pytest.raises(CemError, match=r"a, b: have no question in common \(a asks t; b asks u\)"):
        compare_runs([first, second])


def test_what_differs_in_configuration_is_named_with_its_values(evolve: Evolve) -> None:
    first, second = evolve(), evolve(trainer={"forgets": 2}, mixer={"review": 0.7}, seed=3)
    comparison = compare_runs([first, second])
    found = settings(comparison)
    assert found["trainer.forgets"] == (0, 2), "of the resolved options, not only of what was typed"
    assert found["mixer.review"] == (0.5, 0.7)
    assert found["seed"] == (0, 3)
    assert not [name for name in found if name.startswith(("out", "cache", "machine", "command", "versions"))]
    assert json.loads(json.dumps(comparison.to_json()))["differences"]
    assert not settings(compare_runs([first, evolve()]))


def test_versions_components_and_the_model_are_told_too(tmp_path: Path) -> None:
    def run(name: str, version: str, model: str) -> Run:
        made = write_run(tmp_path / name, {"q": "1"})
        component = {"name": "trl", "version": version, "options": {"epochs": 1}}
        plan = {"model_fingerprint": model, "versions": {"torch": version}, "components": {"trainer": component}}
        (made.folder / "plan.json").write_text(json.dumps(plan))
        (made.folder / "config.yaml").write_text(yaml.safe_dump({"model": "m", "split": {"siblings": 0.1}}))
        return made

    found = settings(compare_runs([run("a", "1", "x"), run("b", "2", "y")]))
    assert found == {"trainer": ("trl 1", "trl 2"), "versions.torch": ("1", "2"), "model_fingerprint": ("x", "y")}
