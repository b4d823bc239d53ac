"""Several processes train as one does: by the real launcher, on CPUs, over gloo."""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from safetensors.torch import load_file

from cem_toolkit.api import CemError
from cem_trl import launched
from cem_trl.trainer import Trl

OPTIONS = {
    "epochs": 3,
    "batch_size": 4,
    "micro_batch_size": 1,
    "learning_rate": 1e-3,
    "precision": "float32",
    "optimizer": "adamw",
    "interpolation": 1.0,
    "checkpoint_seconds": 1e-6,
}
STEPS = 5
"""Of four rows, and the last one of two."""
TWO = {"processes": 2}
LOSS, WEIGHT = 2e-5, 1e-5
"""By how much losses (nats per token, about 9) and weights may differ: sums are rounded in another order."""


@pytest.fixture(autouse=True)
def workers_find_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def as_one(train: Any, figures: Mapping[str, Any], folder: Path, **options: Any) -> None:
    """Asserts that the training went as in one process."""
    expected, whole = train(OPTIONS | options, "alone")
    assert [step for step, _ in figures["losses"]] == [step for step, _ in expected["losses"]]
    for (_, loss), (_, other) in zip(figures["losses"], expected["losses"], strict=True):
        assert loss == pytest.approx(other, abs=LOSS)
    for name in ("tokens", "supervised_tokens", "steps", "trainable_parameters", "epochs"):
        assert figures[name] == expected[name]
    weights, wanted = (load_file(each / "model.safetensors") for each in (folder, whole))
    assert weights.keys() == wanted.keys()
    for name, weight in wanted.items():
        torch.testing.assert_close(weights[name], weight, atol=WEIGHT, rtol=0)


def processes_of_a_launch() -> list[psutil.Process]:
    """The processes of a launch, its launcher's included."""
    found = []
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if "cem_trl.worker" in each.cmdline():
                found.append(each)
    return found


def killed(rows: Any, context: Any, options: Mapping[str, Any]) -> None:
    """Trains in the stage `run` until step 3, where all its processes are killed."""

    class Progress:
        done = 0.0

        def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None:
            self.done += steps
            if self.done >= 3:
                for each in processes_of_a_launch():
                    with contextlib.suppress(psutil.NoSuchProcess):
                        each.kill()

    @contextlib.contextmanager
    def progress(label: str, total: float | None) -> Iterator[Progress]:
        yield Progress()

    ctx = context(progress=progress)
    with pytest.raises(CemError, match=r"the worker processes ended .*: see .*processes\.log"):
        Trl(Trl.Options(**options)).train(rows, ctx)
    assert not (ctx.folder / "model").exists()


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="ddp"),
        pytest.param({"strategy": "fsdp"}, id="fsdp", marks=pytest.mark.slow),
    ],
)
def test_two_processes_that_were_killed_and_go_on_train_as_one_does(
    train: Any, rows: Any, context: Any, options: dict[str, Any]
) -> None:
    killed(rows, context, OPTIONS | TWO | options)
    figures, folder = train(OPTIONS | TWO | options)
    assert 1 <= figures["resumed_from_step"] <= 3
    assert (figures["processes"], figures["strategy"]) == (2, options.get("strategy", "ddp"))
    assert figures["steps"] == STEPS
    assert len(figures["peak_memory_bytes"]) == 2
    as_one(train, figures, folder, **{name: value for name, value in options.items() if name != "strategy"})
    assert sorted(each.name for each in folder.parent.iterdir()) == ["model"]
    assert not processes_of_a_launch()


@pytest.mark.slow
def test_early_stopping_and_the_anchor_in_two_processes(train: Any, rows: Any, instructions: Any) -> None:
    options = {"kl": 0.5, "early_stopping": True, "learning_rate": 1e-2, "optimizer": "factored-adamw", "epochs": 4}
    data = [*rows, *(each.__class__.make(**{**_fields(each), "kind": "review"}) for each in instructions)]
    figures, _ = train(OPTIONS | TWO | options, data=data, stopping=instructions)
    expected, _ = train(OPTIONS | options, "alone", data=data, stopping=instructions)
    assert figures["best_step"] == expected["best_step"]
    assert figures["divergence"] == pytest.approx(expected["divergence"], abs=1e-3)
    losses, wanted = ([loss for _, loss in each["stopping_losses"]] for each in (figures, expected))
    assert losses == pytest.approx(wanted, abs=1e-3)


def _fields(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("prompt", "completion", "parents")}


GREEDY = """
import os
import torch
from cem_toolkit.launching import serve
from cem_trl.sft import Sft
from cem_trl.worker import handle

compute_loss = Sft.compute_loss

def greedy(self, model, inputs, *given, **named):
    if len(inputs["input_ids"]) > 1 and os.environ["RANK"] == "1" and self.state.global_step == 2:
        torch.empty(2**50, dtype=torch.uint8)
    return compute_loss(self, model, inputs, *given, **named)

Sft.compute_loss = greedy
serve(handle)
"""


@pytest.mark.slow
def test_one_of_two_processes_without_memory_has_both_take_fewer_rows_at_once(
    train: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "greedy.py").write_text(GREEDY, "utf-8")
    monkeypatch.setattr(launched, "MODULE", "greedy")
    said: list[str] = []
    figures, folder = train(OPTIONS | TWO | {"micro_batch_size": 2}, log=said.append)
    assert said[0] == "memory is too small for 2 rows at once: training goes on with 1"
    assert figures["rows_at_once"] == 1
    assert figures["resumed_from_step"] >= 1
    as_one(train, figures, folder)


SRUN = """#!/bin/sh
# As srun does it on two machines.
SLURM_NODEID=1 "$@" & SLURM_NODEID=0 "$@"
status=$?
wait
exit $status
"""
MACHINES = """
compute_environment: LOCAL_MACHINE
distributed_type: MULTI_CPU
num_machines: 2
num_processes: 2
main_process_port: {port}
"""


@pytest.mark.slow
def test_an_accelerate_file_and_a_launcher_train_on_several_machines(
    train: Any, tmp_path: Path, free_port: int
) -> None:
    (tmp_path / "srun").write_text(SRUN, "utf-8")
    (tmp_path / "srun").chmod(0o755)
    (tmp_path / "two.yaml").write_text(MACHINES.format(port=free_port), "utf-8")
    options = {"accelerate": "two.yaml", "launcher": str(tmp_path / "srun")}
    figures, folder = train(OPTIONS | options, config_folder=tmp_path)
    assert (figures["processes"], figures["strategy"]) == (2, "ddp")
    as_one(train, figures, folder)
