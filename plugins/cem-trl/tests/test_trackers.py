"""Trackers are told of the training, and write into its folder."""

import os
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from cem_toolkit.api import CemError
from cem_trl import trackers
from cem_trl.trainer import Trl


def test_tensorboard_has_the_losses_and_changes_nothing(
    train: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    monkeypatch.chdir(tmp_path)
    before = set(os.environ)
    figures, folder = train({"report_to": ["tensorboard"], "batch_size": 2}, "tracked")
    _, plain = train({"batch_size": 2}, "plain")
    read = events.EventAccumulator(str(folder.parent / "trackers" / "tensorboard")).Reload()
    tracked = [[each.step, pytest.approx(each.value)] for each in read.Scalars("train/loss")]
    assert figures["losses"] == tracked
    (one, other) = (load_file(each / "model.safetensors") for each in (folder, plain))
    assert all((one[name] == other[name]).all() for name in other)
    assert set(os.environ) == before
    assert sorted(each.name for each in folder.parent.iterdir()) == ["model", "trackers"]
    assert not (plain.parent / "trackers").exists()


def test_a_tracker_that_is_not_installed_is_named_before_the_run(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CemError, match=r"^report_to names wandb, mlflow: pip install wandb mlflow, or leave it out$"):
        trackers.check_trackers(Trl.Options(report_to=["wandb", "mlflow"]))


def test_what_the_environment_says_of_a_tracker_is_kept(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://tracking.example")
    monkeypatch.delenv("WANDB_DIR", raising=False)
    ctx = context()
    with trackers.tracked(Trl.Options(report_to=["wandb", "mlflow"]), ctx):
        assert os.environ["MLFLOW_TRACKING_URI"] == "https://tracking.example"
        assert os.environ["WANDB_PROJECT"] == os.environ["MLFLOW_EXPERIMENT_NAME"] == "cem-toolkit"
        assert Path(os.environ["WANDB_DIR"]) == ctx.folder / "trackers" / "wandb"
    assert "WANDB_DIR" not in os.environ
