"""Sweeps: ordinary runs of a grid, shared stages once, found again, and compared."""

from pathlib import Path
from typing import Any

import pytest

import toy
from cem_toolkit import CemError, sweep
from cem_toolkit.folders import runs_in
from cem_toolkit.plugins import Plugins
from cem_toolkit.sweeping import read_axis
from cem_toolkit.winning import Sweep
from conftest import Evolve

MANY = {"selection": 0.6, "held_out_groups": 0, "siblings": 0}


@pytest.fixture
def sweeping(plugins: Plugins, values: dict[str, Any], evolve: Evolve) -> Any:
    """`cem_toolkit.sweep` in the toy world; `evolve` has forgotten earlier calls."""

    def run(over: dict[str, list[Any]], **changes: Any) -> Sweep:
        return sweep(over=over, registry=plugins, progress=False, **{**values, **changes})

    return run


def test_every_combination_is_a_run_and_what_they_share_is_done_once(sweeping: Any, tmp_path: Path) -> None:
    done = sweeping({"trainer.forgets": [0, 18], "seed": [0, 1]})
    assert len(runs_in(tmp_path / "runs")) == len(done.runs) == 4
    assert {(run.config["trainer"]["forgets"], run.config["seed"]) for run in done.runs} == {
        (0, 0), (0, 1), (18, 0), (18, 1),
    }  # fmt: skip
    assert toy.ToyEvaluator.calls.count(0) == 2, "a first evaluation for each seed"
    assert len(toy.ToyTrainer.calls) == 4


def test_the_best_is_named_and_what_is_within_noise(sweeping: Any, model: Path) -> None:
    toy.write_model(model, list(toy.CITIES.values())[:20])  # some of each group
    done = sweeping({"trainer.forgets": [20, 0, 1]}, gate={"enabled": False}, split=MANY)
    assert done.best.values == {"trainer.forgets": 0}
    assert [setting.verdict for setting in done.settings] == ["best", "within noise", "worse"]
    worst = done.settings[-1]
    assert worst.change.share_after < worst.change.share_before == done.best.right["selection"][0]
    assert any("is not known" in note for note in done.notes)


def test_with_seeds_the_noise_of_training_counts_too(sweeping: Any) -> None:
    done = sweeping({"trainer.forgets": [0, 18], "seed": [0, 1, 2]}, gate={"enabled": False}, split=MANY)
    assert [setting.values for setting in done.settings] == [{"trainer.forgets": 0}, {"trainer.forgets": 18}]
    assert all(setting.noise is not None and len(setting.runs) == 3 for setting in done.settings)
    assert done.settings[1].change.n == 3 * len([q for q in done.runs[0].questions if q.split == "selection"])
    assert not any("is not known" in note for note in done.notes)


def test_an_interrupted_sweep_does_the_rest(sweeping: Any, tmp_path: Path) -> None:
    over = {"trainer.forgets": [0, 1], "trainer.fails": [False]}
    sweeping(over)
    toy.ToyTrainer.calls.clear()
    again = sweeping({"trainer.forgets": [0, 1, 2], "trainer.fails": [False]})
    assert len(toy.ToyTrainer.calls) == 1
    assert len(runs_in(tmp_path / "runs")) == len(again.runs) == 3


def test_a_finished_run_that_would_be_another_now_is_not_taken(sweeping: Any, tmp_path: Path) -> None:
    first = sweeping({"trainer.forgets": [0, 1]})
    (first.best.runs[0].folder / "round-1" / "train" / "model" / "config.json").write_text("")
    again = sweeping({"trainer.forgets": [0, 1]})
    assert len(runs_in(tmp_path / "runs")) == 3
    assert first.best.runs[0] not in again.runs


def test_what_is_wrong_is_said_before_anything_is_begun(sweeping: Any, tmp_path: Path) -> None:
    with pytest.raises(CemError, match=r"with trainer.forgets=many: .*trainer\.forgets"):
        sweeping({"trainer.forgets": [0, "many"]})
    with pytest.raises(CemError, match="two combinations or more"):
        sweeping({"trainer.forgets": [0]})
    assert not runs_in(tmp_path / "runs")


def test_an_axis_is_read_as_yaml() -> None:
    assert read_axis("trainer.strength=careful,balanced") == ("trainer.strength", ["careful", "balanced"])
    assert read_axis("arms=[random],[random, review]") == ("arms", [["random"], ["random", "review"]])
    assert read_axis("seed=0,1") == ("seed", [0, 1])
    for wrong in ("seed", "seed=", "=1", "seed=[1"):
        with pytest.raises(CemError, match="--over"):
            read_axis(wrong)
