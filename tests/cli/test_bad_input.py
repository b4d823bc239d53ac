"""Bad input on the command line: one clear line each, exit code 2, and nothing written."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import toy
from cem_toolkit.folders import find_run

COMMAND = [sys.executable, "-c", "from cem_toolkit.cli import main; main()"]
QUESTION = {"question": "What is the capital of Chad?", "choices": ["N'Djamena", "Lagos"], "answer": 0}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a whole (toy) model and a whole question file."""
    toy.write_model(tmp_path / "model", [])
    write(tmp_path / "good.jsonl", QUESTION)
    return tmp_path


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "COLUMNS": "200"}
    return subprocess.run(  # noqa: S603
        [*COMMAND, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def refused(folder: Path, *arguments: str, lines: int = 1) -> str:
    """The complaint, after checking that it is so many lines, the exit code is 2, and no run was begun."""
    before = sorted(folder.rglob("*"))
    done = run(folder, *arguments)
    said = done.stderr.strip().splitlines()
    assert done.returncode == 2, done.stderr
    assert len(said) == lines, done.stderr
    assert all(line.startswith("cem-toolkit: error: ") for line in said)
    assert sorted(folder.rglob("*")) == before, "something was written"
    return done.stderr


def evolve(folder: Path, *more: str, model: str = "model", tasks: str = "good.jsonl", lines: int = 1) -> str:
    cache = ("--set", "cache=cache")
    return refused(folder, "evolve", "--model", model, "--tasks", tasks, *cache, *more, lines=lines)


def test_unknown_plugin(folder: Path) -> None:
    said = evolve(folder, "--plugins", "wikki,trl")
    assert "unknown plugin 'wikki'; did you mean 'wiki'" in said
    assert "pip install cem-wiki" in said


def test_no_source(folder: Path) -> None:
    assert "no knowledge source is chosen" in evolve(folder, "--plugins", "trl")


def test_no_trainer(folder: Path) -> None:
    assert "no trainer is chosen" in evolve(folder, "--plugins", "wiki")


def test_unknown_task(folder: Path) -> None:
    said = evolve(folder, tasks="arc_eazy")
    assert "arc_eazy" in said
    assert "arc_easy" in said, "the nearest is suggested"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"question": "Q?", "choices": ["a", "b"]}], "answer"),
        ([{"choices": ["a", "b"], "answer": 0}], "question"),
        ([], "empty"),
        ([QUESTION, {**QUESTION, "question": "Else?", "answer": 7}], "2"),
        ([{**QUESTION, "answer": "Paris"}], "Paris"),
        ([QUESTION, {**QUESTION, "answer": 1}], "1"),
    ],
    ids=["no answer", "no question", "empty", "answer out of range", "answer no choice", "duplicate, other answer"],
)
def test_question_files(folder: Path, rows: list[object], said: str) -> None:
    write(folder / "bad.jsonl", *rows)
    message = evolve(folder, tasks="bad.jsonl")
    assert "bad.jsonl" in message
    assert said in message


def test_a_question_file_that_is_not_there(folder: Path) -> None:
    assert "none.jsonl" in evolve(folder, tasks="none.jsonl")


def test_a_folder_that_is_no_model(folder: Path) -> None:
    (folder / "empty").mkdir()
    assert "without config.json" in evolve(folder, model="empty")


def test_a_gguf_file_cut_short(folder: Path) -> None:
    (folder / "cut.gguf").write_bytes(b"GGUF" + b"\3\0\0\0" + b"\1\0\0\0")
    assert "cut short" in evolve(folder, model="cut.gguf")


def test_rounds_0(folder: Path) -> None:
    assert "rounds: input should be greater than or equal to 1 (got 0)" in evolve(folder, "--rounds", "0")


def test_an_error_beside_a_preset_stands_alone(folder: Path) -> None:
    assert "rounds" in refused(folder, "evolve", "--rounds", "0", "--set", f"cache={folder.parent / 'cache'}")


def test_three_errors_in_a_configuration_are_all_shown(folder: Path) -> None:
    (folder / "cem.yaml").write_text(
        "model: model\ntasks: [good.jsonl]\nrounds: 0\nmodle: x\ntrainer: {epochs: many}\n"
    )
    said = refused(folder, "evolve", "--config", "cem.yaml", lines=3)
    assert all(part in said for part in ("rounds", "modle", "trainer.epochs"))


def test_two_errors_in_the_inputs_are_both_shown(folder: Path) -> None:
    write(folder / "bad.jsonl")
    said = evolve(folder, model="./none", tasks="bad.jsonl", lines=2)
    assert "none" in said
    assert "bad.jsonl" in said


def test_an_output_folder_below_a_file(folder: Path) -> None:
    assert "is a file" in evolve(folder, "--out", "good.jsonl/runs")


def test_an_output_folder_that_cannot_be_written(folder: Path) -> None:
    locked = folder / "locked"
    locked.mkdir(mode=0o500)
    out = "/proc/runs" if os.geteuid() == 0 else "locked/runs"  # root may write anywhere but there
    assert "cannot be written" in evolve(folder, "--out", out)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 400 KiB in all."""
    place = tmp_path / "full"
    place.mkdir()
    mount = subprocess.run(  # noqa: S603
        ["/bin/mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield place
    subprocess.run(["/bin/umount", str(place)], check=True)  # noqa: S603


def test_a_full_disk(folder: Path, full_disk: Path) -> None:
    (full_disk / "filler").write_bytes(bytes(380 << 10))
    assert "No space left on device" in evolve(folder, "--out", "full/runs")


def test_a_disk_that_fills_up_during_a_run(full_disk: Path, tmp_path: Path) -> None:
    """The core alone, with toy plugins: what is finished stays, what was being written is not taken for finished."""
    code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})
import toy, functools
from pathlib import Path
from cem_toolkit import cli, local, plugins
found = plugins.discover(); plugins.register(found, "toy", toy.ToyPlugin())
local.discover = lambda: found
train = toy.ToyTrainer.train
def fill(self, rows, ctx):
    figures = train(self, rows, ctx)
    with open(ctx.folder / "model" / "big.safetensors", "wb", buffering=0) as file:
        while True: file.write(bytes(4096))
toy.ToyTrainer.train = fill
model = toy.write_model(Path("model"), ["Town1"])
toy.CITIES = dict(list(toy.CITIES.items())[:8])
cli.main(["evolve", "--model", "model", "--tasks", "capitals", "--plugins", "toy-eval,toy-pages,toy-train",
          "--out", "full/runs", "--set", "cache=cache"])
"""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2, done.stderr
    (said,) = [line for line in done.stderr.splitlines() if "error" in line]
    assert "the disk is full" in said
    assert "`cem-toolkit resume full/runs/20" in said
    run = find_run("latest", full_disk / "runs")
    assert run.questions
    assert not run.rounds
    assert run.round(1).stage("mix")
    assert run.round(1).stage("train") is None


def test_unknown_run(folder: Path) -> None:
    assert "no run 'latest': runs holds no runs" in refused(folder, "show")
    assert "no run 'gone'" in refused(folder, "resume", "gone")


def test_unknown_command_and_option(folder: Path) -> None:
    assert "No such command 'evlove'" in refused(folder, "evlove")
    assert "--modle" in refused(folder, "evolve", "--modle", "x")


def test_init_overwrites_nothing(folder: Path) -> None:
    (folder / "cem.yaml").write_text("mine")
    assert "is there already" in refused(folder, "init", "cem.yaml")
