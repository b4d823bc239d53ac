"""Records that have changed since they were written are told from by nothing."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from cem_toolkit import CemError, resume
from cem_toolkit.cli import cli
from cem_toolkit.plugins import Plugins
from cem_toolkit.run import Run
from conftest import Evolve


def change(path: Path) -> None:
    """One digit, in a copy of its own."""
    text = path.read_text()
    place = next(index for index, letter in enumerate(text) if letter.isdigit())
    path.unlink()
    path.write_text(text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :])


FILES = ["round-0/evaluate/attempts.jsonl", "round-1/evaluate/stage.json", "round-1/mix/rows.jsonl"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", [change, Path.unlink])
def test_damage_is_named_and_mended(evolve: Evolve, plugins: Plugins, name: str, harm: object) -> None:
    run = evolve()
    before = run.summary()
    harm(run.folder / name)  # type: ignore[operator]
    with pytest.raises(CemError, match=name) as caught:
        Run(run.folder).summary()
    assert f"`cem-toolkit resume {run.folder}`" in str(caught.value)
    mended = resume(Run(run.folder), registry=plugins, progress=False)
    after = Run(mended.folder).summary()
    assert {**after, "rounds": None, "seconds": None} == {**before, "rounds": None, "seconds": None}


@pytest.mark.parametrize("command", [["show"], ["report"], ["ledger"], ["ledger", "Q", "Land3"], ["compare", "other"]])
def test_every_command_that_tells_of_a_run_names_damage(evolve: Evolve, command: list[str]) -> None:
    run = evolve()
    evolve(seed=1).folder.rename(run.folder.parent / "other")
    change(run.folder / "round-0" / "evaluate" / "attempts.jsonl")
    arguments = [command[0], run.name, *command[2 if command[0] == "ledger" else 1 :]]
    done = CliRunner().invoke(cli, [*arguments, "--out", str(run.folder.parent)])
    assert isinstance(done.exception, CemError)
    assert "attempts.jsonl: is missing or not as it was written" in str(done.exception)


def test_weights_that_were_removed_to_save_room_are_no_damage(evolve: Evolve) -> None:
    run = evolve()
    before = run.summary()
    shutil.rmtree(run.folder / "round-1" / "train" / "model")
    assert Run(run.folder).summary() == before
    shutil.rmtree(run.folder / "round-1" / "train")
    Run(run.folder).summary()


def test_of_much_damage_a_few_lines_are_told(evolve: Evolve) -> None:
    run = evolve()
    for path in run.folder.rglob("stage.json"):
        path.write_text("{}")
    with pytest.raises(CemError, match="in all") as caught:
        Run(run.folder).summary()
    assert len(str(caught.value).splitlines()) == 5
