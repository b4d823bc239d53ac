"""The whole loop through the command line with real plugins: lm-eval, Wikipedia summaries, TRL; only the model is tiny.

What it answers is noise; that each stage does its part, is reused, and goes on after a hard kill, is not.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.folders import find_run
from cem_toolkit.testing import make_tiny_model

pytestmark = pytest.mark.slow
COMMAND = [sys.executable, "-c", "from cem_toolkit.cli import main; main()"]
COUNTRIES = ["Chad", "Peru", "Kenya", "Nepal", "Cuba", "Ghana", "Fiji", "Iraq", "Laos", "Mali", "Oman", "Togo"]
CAPITALS = [
    "N'Djamena", "Lima", "Nairobi", "Kathmandu", "Havana", "Accra", "Suva", "Baghdad", "Vientiane", "Bamako", "Muscat",
    "Lomé",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    rows = [
        {
            "question": f"What is the capital of {country}?",
            "choices": [CAPITALS[(index + shift) % len(CAPITALS)] for shift in range(4)],
            "answer": 0,
            "group": country,
        }
        for index, country in enumerate(COUNTRIES)
    ]
    (folder / "capitals.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    make_tiny_model(folder / "model", [json.dumps(row) for row in rows])
    return folder


def environment() -> dict[str, str]:
    return {**os.environ, "HF_HUB_OFFLINE": "1", "COLUMNS": "160"}


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [*COMMAND, *arguments], cwd=folder, env=environment(), capture_output=True, text=True, timeout=300, check=False
    )


def evolving(*more: str) -> list[str]:
    small = [option for text in ("cache=cache", "mixer.token_budget=1500") for option in ("--set", text)]
    return ["evolve", "--model", "model", "--tasks", "capitals.jsonl", *small, *more]


def summary(folder: Path) -> dict[str, Any]:
    shown = command(folder, "show", "latest", "--json")
    assert shown.returncode == 0, shown.stderr
    loaded: dict[str, Any] = json.loads(shown.stdout)
    return loaded


def test_evolve_reuse_and_change(folder: Path) -> None:
    done = command(folder, *evolving())
    assert done.returncode == 0, done.stderr
    assert "fixed" in done.stdout
    assert "run folder" in done.stdout
    first = summary(folder)
    (turn,) = first["rounds"]
    assert turn["rows"]["passage"] > 0
    assert turn["passages"] > 0
    assert turn["model"]["before"] != turn["model"]["after"]

    again = command(folder, *evolving())
    assert again.returncode == 0, again.stderr
    second = summary(folder)
    assert second["run"] != first["run"]
    assert second["rounds"][0]["reused"] == [
        *("mine", "retrieve/wiki", "guard", "cut", "read", "rewrite/rules", "mix", "train", "evaluate", "gate")
    ]
    assert second["rounds"][0]["mined"] == turn["mined"]

    changed = command(folder, *evolving("--set", "trainer.epochs=1"))
    assert changed.returncode == 0, changed.stderr
    assert summary(folder)["rounds"][0]["reused"] == [
        *("mine", "retrieve/wiki", "guard", "cut", "read", "rewrite/rules", "mix")
    ]


def test_the_model_that_was_trained_is_the_one_evaluated(folder: Path) -> None:
    run = find_run("latest", folder / "runs")
    trained = run.rounds[0].stage("train")
    evaluated = run.rounds[0].stage("evaluate")
    assert trained
    assert evaluated
    assert evaluated.info["inputs"]["model"] == trained.figures["fingerprint"]
    assert list((trained.folder / "model").glob("*.safetensors"))
    assert not list(trained.folder.rglob("*.bin")) + list(trained.folder.rglob("*.pt"))


def test_resume_after_kill_9_goes_on_from_the_last_checkpoint(folder: Path) -> None:
    slow = ["--set", "trainer.epochs=25", "--set", "trainer.checkpoint_seconds=1", "--seed", "7"]
    process = subprocess.Popen(  # noqa: S603
        [*COMMAND, *evolving(*slow)],
        cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 240
    checkpoints: list[Path] = []
    while not checkpoints and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
        checkpoints = [
            path.parent for path in folder.glob("runs/latest/round-1/train.partial/checkpoints/*/trainer_state.json")
        ]
    assert checkpoints, "no checkpoint was written in time"
    process.send_signal(signal.SIGKILL)
    process.wait()

    before = {path: path.stat().st_mtime_ns for path in folder.glob("runs/latest/round-*/**/stage.json")}
    resumed = command(folder, "resume", "latest")
    assert resumed.returncode == 0, resumed.stderr
    finished = [path for path in before if ".partial" not in str(path)]
    assert finished
    assert all(path.stat().st_mtime_ns == before[path] for path in finished), "an earlier stage was done again"
    trained = find_run("latest", folder / "runs").rounds[0].stage("train")
    assert trained
    assert trained.figures["resumed_from_step"] > 0
    assert not list(trained.folder.rglob("checkpoints"))


def test_a_part_of_the_questions_is_answered_as_all_of_them(folder: Path) -> None:
    for more in ([], ["--set", "retest.last=0.3"]):
        done = command(folder, *evolving(*more))
        assert done.returncode == 0, done.stderr
    part = find_run("latest", folder / "runs")
    turn = summary(folder)["rounds"][0]
    assert set(turn["reused"]) == {"mine", "retrieve/wiki", "guard", "cut", "read", "rewrite/rules", "mix", "train"}
    assert turn["asked"]["n"] < turn["asked"]["total"] == len(COUNTRIES)
    trained = part.rounds[0].stage("train")
    assert trained
    full = find_run(trained.info["reused_from"].split("/")[0], folder / "runs")
    every = {attempt.id: attempt for attempt in full.rounds[0].attempts}
    assert len(every) == len(COUNTRIES)
    for attempt in part.rounds[0].attempts:
        assert attempt.split == every[attempt.id].split
        # As near as the machine's precision has it, bfloat16 where it knows that: other questions share the batch.
        assert attempt.scores == pytest.approx(every[attempt.id].scores, rel=5e-3)
