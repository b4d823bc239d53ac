"""Work by Ray, started once for all tests here: results as of one process, and faults that are told and mended."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.results import results

from cem_toolkit import CemError, evolve, evolving, find_run, resume, sweep
from cem_toolkit.cluster import portions
from cem_toolkit.cluster.tasks import train_and_ask
from cem_toolkit.cluster.waiting import Tasks
from cem_toolkit.testing import make_tiny_model

TOWNS = {
    "Chad": "N'Djamena",
    "Peru": "Lima",
    "Kenya": "Nairobi",
    "Nepal": "Kathmandu",
    "Cuba": "Havana",
    "Fiji": "Suva",
}


@pytest.mark.slow
def test_results_are_the_same_to_the_last_bit(config: Path, tmp_path: Path, ray: Any) -> None:
    changes: dict[str, Any] = {"rounds": 2, "trainer": {"forgets": 10}, "gate": {"enabled": False}, "progress": False}
    local = evolve(config, out=tmp_path / "local", **changes)
    side = evolve(config, out=tmp_path / "side", executor="ray", **changes)
    assert results(side) == results(local)
    assert {"round-2/arms/seed-1/evaluate", "round-1/arms/random/train"} <= results(side).keys()
    finished = [[event["stage"] for event in run.events if event["event"] == "stage_finished"] for run in (local, side)]
    assert finished[0] == finished[1], "told once each, in the loop's order"
    lines = (side.folder / "events.jsonl").read_text().splitlines()
    assert len(side.events) == len(lines), "every line is whole"
    said = [event["message"].split()[1] for event in side.events if event.get("message", "").startswith("trains ")]
    assert sorted(said[:4]) == ["random", "review", "round-1", "seed-1"], "what tasks log is the run's"
    assert not list(side.folder.rglob(".events.jsonl"))


@pytest.mark.slow
def test_a_task_that_fails_is_one_line_and_the_others_are_kept(config: Path, tmp_path: Path, ray: Any) -> None:
    (tmp_path / "breaks-review").touch()
    with pytest.raises(CemError) as error:
        evolve(config, executor="ray", progress=False)
    wrong, hint = str(error.value).splitlines()
    assert wrong == "round 1, arm review: RuntimeError: the trainer broke"
    assert "cem-toolkit resume" in hint
    run = find_run("latest", tmp_path / "runs")
    turn = run.round(1)
    assert [arm.name for arm in turn.arms] == ["random", "seed-1"]
    assert turn.stage("evaluate")
    assert [event["stage"] for event in run.events if event["event"] == "stage_failed"] == ["arms/review/train"]
    (tmp_path / "breaks-review").unlink()
    before = turn.stage("train")
    resume(run, progress=False)
    assert before
    assert turn.stage("train") == before, "not done again"
    assert [arm.name for arm in turn.arms] == ["random", "review", "seed-1"]


@pytest.mark.slow
def test_a_worker_that_is_killed_is_begun_again(config: Path, tmp_path: Path, ray: Any) -> None:
    (tmp_path / "dies-random").touch()
    run = evolve(config, executor="ray", progress=False)
    assert run.finished
    assert not (tmp_path / "dies-random").exists()
    assert results(run) == results(evolve(config, out=tmp_path / "local", progress=False))


@pytest.mark.slow
def test_guard_and_rewriter_in_portions_make_the_same_stages(
    config: Path, tmp_path: Path, ray: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: dict[str, Any] = {"arms": [], "seeds": 1, "sources": {"toy-pages": {"leak": True}}, "progress": False}
    local = evolve(config, out=tmp_path / "local", **changes)
    monkeypatch.setattr(portions, "FEWEST", 2)
    handed: list[str] = []
    begin = Tasks.begin
    monkeypatch.setattr(Tasks, "begin", lambda self, name, *rest: (handed.append(name), begin(self, name, *rest))[1])
    side = evolve(config, out=tmp_path / "side", executor="ray", **changes)
    assert results(side) == results(local)
    assert len(handed) == 2, "the guard's and the rewriter's"
    (turn,) = side.rounds
    assert turn.dropped
    assert turn.passages
    assert not list(side.folder.rglob("portions"))


@pytest.mark.slow
def test_a_sweep_side_by_side_is_the_same_and_shares_what_can_be_shared(config: Path, tmp_path: Path, ray: Any) -> None:
    over = {"trainer.forgets": [0, 1]}
    side = sweep(config, over=over, executor="ray", arms=[], seeds=1, progress=False)
    local = sweep(config, over=over, out=tmp_path / "local", arms=[], seeds=1, progress=False)
    assert [results(run) for run in side.runs] == [results(run) for run in local.runs]
    assert [setting.verdict for setting in side.settings] == [setting.verdict for setting in local.settings]
    stages = [stage for run in side.runs for stage in run.rounds[0].stages]
    done = [stage.name for stage in stages if not stage.reused]
    assert sorted(done) == sorted([*{stage.name for stage in stages}, "train", "evaluate", "gate"])


@pytest.mark.slow
def test_real_plugins_train_the_same_weights(tmp_path: Path, ray: Any) -> None:
    towns = list(TOWNS.values())
    rows = [
        {"question": f"What is the capital of {land}?", "choices": towns[at:] + towns[:at], "answer": 0, "group": land}
        for at, land in enumerate(TOWNS)
    ]
    (tmp_path / "capitals.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    make_tiny_model(tmp_path / "model", [json.dumps(row) for row in rows])
    local, side = (
        evolve(
            model=str(tmp_path / "model"),
            tasks=[str(tmp_path / "capitals.jsonl")],
            arms=["random", "review"],
            seeds=2,
            mixer={"token_budget": 300},
            trainer={"epochs": 1},
            cache=tmp_path / "cache",
            out=tmp_path / executor,
            executor=executor,
            progress=False,
        )
        for executor in ("local", "ray")
    )
    assert results(side) == results(local)
    assert {"round-1/train", "round-1/arms/random/train", "round-1/arms/seed-1/train"} <= results(side).keys()


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_tasks_end_with_the_run(config: Path, tmp_path: Path, how: signal.Signals) -> None:
    (tmp_path / "hangs").mkdir()
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # whoever started the tests
    command = [sys.executable, "-c", f"{heard}; from cem_toolkit.cli import main; main()", "evolve", "-c", str(config)]
    with subprocess.Popen(  # noqa: S603
        [*command, "--executor", "ray"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        try:
            working = until(lambda: [int(path.name) for path in (tmp_path / "hangs").iterdir()])
            process.send_signal(how)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == (130 if how == signal.SIGINT else -how), said
    assert until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in working))


def until(true: Any) -> Any:
    deadline = time.monotonic() + 120
    while not (found := true()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found, "has not come about in two minutes"
    return found


def test_a_machine_that_does_not_see_the_run_says_so(tmp_path: Path) -> None:
    said = train_and_ask(str(tmp_path / "elsewhere"), 1, "random", os.environ.get("OMP_NUM_THREADS"), True)
    assert "does not see" in said
    assert "at the same path" in said


def test_without_ray_one_line_says_what_to_install(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CemError, match=r"ray is not installed: pip install \"cem-toolkit\[ray\]\""):
        evolve(config, executor="ray", progress=False)


@pytest.mark.slow
def test_a_named_run_may_go_on_by_another_executor(config: Path, ray: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    less: dict[str, Any] = {"arms": [], "seeds": 1, "progress": False}
    run = evolve(config, name="job-42", **less)
    seen = []
    others = evolving._others
    monkeypatch.setattr(evolving, "_others", lambda run, stages: (seen.append(stages.config), others(run, stages))[1])
    assert evolve(config, name="job-42", executor="ray", ray={"cpus": 2}, **less) == run
    assert [(by.executor, by.ray.cpus) for by in seen] == [("ray", 2)]


@pytest.mark.slow
def test_more_than_the_machine_has_is_one_line(config: Path, ray: Any) -> None:
    with pytest.raises(CemError, match=r"ray\.gpus: a task is to get 400, and this machine has "):
        evolve(config, executor="ray", ray={"gpus": 400}, progress=False)
