"""A training that was interrupted ends as if it had not been."""

import contextlib
import json
import shutil
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import Model, Row
from cem_toolkit.testing import make_context
from cem_trl import watch
from cem_trl.checkpoints import is_whole
from cem_trl.layout import ALONE
from cem_trl.trainer import Trl

OPTIONS = {"epochs": 4, "batch_size": 2, "micro_batch_size": 1, "learning_rate": 1e-3, "checkpoint_seconds": 1e-6}
LORA = {"method": "lora", "lora_dropout": 0.3, "merge": False}
STEPS = 12

KILLED = """
import os, signal, sys, torch
from pathlib import Path
from cem_toolkit.api import Model, Row
from cem_toolkit.testing import make_context
from cem_trl import watch
from cem_trl.trainer import Trl

watch.WRITING_SHARE = float("inf")
torch.set_num_threads(1)
folder, model, data, options = sys.argv[1:]

class Killer:
    done = 0
    def advance(self, steps=1, **told):
        self.done += steps
        if self.done == 8:
            os.kill(os.getpid(), signal.SIGKILL)

class Progress:
    def __enter__(self): return Killer()
    def __exit__(self, *error): return None

import json
rows = [Row.from_json(row) for row in json.loads(data)]
start = Model(name="tiny", path=Path(model), fingerprint="tiny")
ctx = make_context(Path(folder), model=start, progress=lambda label, total: Progress())
Trl(Trl.Options(**json.loads(options))).train(rows, ctx)
"""


class InterruptionError(Exception):
    """Stands for whatever ends a training early."""


@pytest.fixture(autouse=True)
def checkpoint_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "WRITING_SHARE", float("inf"))


@pytest.fixture
def interrupted(context: Any, rows: list[Row]) -> Any:
    """Trains in the stage `name` until the given step; returns the stage's checkpoints."""

    def run(options: dict[str, Any], name: str, until: int) -> Path:
        class Progress:
            done = 0.0

            def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None:
                self.done += steps
                if self.done >= until:
                    raise InterruptionError

        @contextlib.contextmanager
        def progress(label: str, total: float | None) -> Iterator[Progress]:
            yield Progress()

        ctx = context(name, progress=progress)
        with pytest.raises(InterruptionError):
            Trl(Trl.Options(**options)).train(rows, ctx)
        return Path(ctx.folder / "checkpoints")

    return run


def result(folder: Path) -> bytes:
    (file,) = folder.glob("*.safetensors")
    return file.read_bytes()


def test_after_a_hard_kill_the_result_is_the_undisturbed_run_s(
    tmp_path: Path, train: Any, rows: list[Row], tiny: Any
) -> None:
    start = Model(name="tiny", path=tiny.path, fingerprint="tiny")
    data = json.dumps([row.to_json() for row in rows])
    child = subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-c", KILLED, tmp_path / "killed", tiny.path, data, json.dumps(OPTIONS)], check=False
    )
    assert child.returncode == -9
    assert not (tmp_path / "killed" / "stage" / "model").exists()
    resumed, killed = train(OPTIONS, "killed", model=start)
    undisturbed, whole = train(OPTIONS, "undisturbed", model=start)
    assert resumed["resumed_from_step"] == 7
    assert result(killed) == result(whole)
    assert {**resumed, "seconds": 0, "resumed_from_step": 0} == {**undisturbed, "seconds": 0}


@pytest.mark.parametrize("options", [OPTIONS, OPTIONS | LORA], ids=["full", "lora with dropout"])
def test_after_an_interruption_the_result_is_the_undisturbed_run_s(
    train: Any, interrupted: Any, options: dict[str, Any]
) -> None:
    interrupted(options, "stopped", 6)
    interrupted(options, "stopped", 9)
    resumed, stopped = train(options, "stopped")
    _, whole = train(options, "undisturbed")
    assert resumed["resumed_from_step"] == 8
    assert result(stopped) == result(whole)


def test_a_kept_checkpoint_is_the_only_one(interrupted: Any) -> None:
    checkpoints = interrupted(OPTIONS, "stopped", 6)
    assert [path.name for path in checkpoints.glob("checkpoint-*")] == ["checkpoint-5"]


@pytest.mark.parametrize("damaged", ["model.safetensors", "optimizer.pt", "rng_state.pth", "trainer_state.json"])
def test_a_half_written_checkpoint_is_skipped(train: Any, interrupted: Any, damaged: str) -> None:
    checkpoints = interrupted(OPTIONS, "stopped", 6)
    newer = checkpoints / "checkpoint-6"
    shutil.copytree(checkpoints / "checkpoint-5", newer)
    state = newer / "trainer_state.json"
    state.write_text(state.read_text("utf-8").replace('"global_step": 5', '"global_step": 6'), "utf-8")
    assert is_whole(newer, ALONE)
    file = newer / damaged
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert not is_whole(newer, ALONE)
    resumed, stopped = train(OPTIONS, "stopped")
    _, whole = train(OPTIONS, "undisturbed")
    assert resumed["resumed_from_step"] == 5
    assert result(stopped) == result(whole)


def test_a_lacking_file_makes_a_checkpoint_half_written(interrupted: Any) -> None:
    checkpoint = interrupted(OPTIONS, "stopped", 4) / "checkpoint-3"
    assert is_whole(checkpoint, ALONE)
    (checkpoint / "optimizer.pt").unlink()
    assert not is_whole(checkpoint, ALONE)


def test_the_checkpoint_of_another_training_is_not_taken(train: Any, interrupted: Any) -> None:
    interrupted(OPTIONS, "stopped", 6)
    figures, _ = train(OPTIONS | {"learning_rate": 1e-4}, "stopped")
    assert figures["resumed_from_step"] == 0


def test_progress_and_log_tell_of_the_steps_done_before(
    rows: list[Row], interrupted: Any, tiny: Any, tmp_path: Path
) -> None:
    interrupted(OPTIONS, "stopped", 6)
    said: list[str] = []
    done: list[float] = []

    class Progress:
        def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None:
            done.append(steps)

    @contextlib.contextmanager
    def progress(label: str, total: float | None) -> Iterator[Progress]:
        yield Progress()

    ctx = make_context(tmp_path / "stopped", model=tiny, progress=progress, log=said.append)
    Trl(Trl.Options(**OPTIONS)).train(rows, ctx)
    assert said == [f"training continues from its checkpoint at step 5 of {STEPS}"]
    assert sum(done) == STEPS


def test_no_checkpoints_are_written_where_none_are_wished(interrupted: Any) -> None:
    checkpoints = interrupted(OPTIONS | {"checkpoint_seconds": 0}, "stopped", 6)
    assert not list(checkpoints.glob("checkpoint-*"))


def test_checkpoints_come_at_their_time_and_less_often_where_writing_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.0
    monkeypatch.setattr(watch, "WRITING_SHARE", 0.1)
    monkeypatch.setattr(watch.time, "monotonic", lambda: clock)
    cadence, saved = watch.Cadence(90), []
    state, control = types.SimpleNamespace(global_step=0, max_steps=1000), types.SimpleNamespace(should_save=False)
    cadence.on_train_begin(None, state, control)
    while state.global_step < 100:
        state.global_step += 1
        clock += 10.0
        cadence.on_step_end(None, state, control)
        if control.should_save:
            saved.append(state.global_step)
            clock += 2.0 if len(saved) == 1 else 20.0
            control.should_save = False
            cadence.on_save(None, state, control)
    assert saved == [9, 18, 38, 58, 78, 98]
