"""A stage after a crash: what was finished is taken, what was not is done, and nothing is left behind or told twice."""

import json
import os
from collections import Counter
from pathlib import Path

import toy
from cem_toolkit import resume
from cem_toolkit.plugins import Plugins
from conftest import Evolve


def test_a_stage_that_was_sealed_and_not_yet_in_place_is_not_done_again(evolve: Evolve, plugins: Plugins) -> None:
    run = evolve()
    before = run.summary()
    train = run.folder / "round-1" / "train"
    os.rename(train, train.with_name("train.partial"))
    (run.folder.parent / ".stages").rename(run.folder.parent / "gone")
    toy.ToyTrainer.calls.clear()
    again = resume(type(run)(run.folder), registry=plugins, progress=False)
    assert toy.ToyTrainer.calls == []
    assert again.summary() == before
    assert not list(run.folder.rglob("*.partial"))


def test_leftovers_of_another_way_to_the_same_stage_are_removed(evolve: Evolve, plugins: Plugins) -> None:
    run = evolve()
    turn = run.folder / "round-1"
    for name in ("train.partial", "mix.copy"):
        (turn / name).mkdir()
        (turn / name / "half").write_text("half")
    (turn / "mix" / ".rows.jsonl.0123abcd-1-1.part").write_text("half")
    resume(type(run)(run.folder), registry=plugins, progress=False)
    assert not [path for path in turn.rglob("*") if path.suffix in (".partial", ".copy", ".part")]


def test_the_end_of_a_stage_is_told_once_however_often_a_run_is_resumed(evolve: Evolve, plugins: Plugins) -> None:
    run = evolve()
    for _ in range(2):
        resume(type(run)(run.folder), registry=plugins, progress=False)
    ends = Counter(
        (event["round"], event["stage"]) for event in type(run)(run.folder).events if event["event"] == "stage_finished"
    )
    assert set(ends.values()) == {1}


def test_the_end_of_a_stage_that_a_kill_kept_untold_is_told_by_the_next_try(evolve: Evolve, plugins: Plugins) -> None:
    run = evolve()
    file = run.folder / "events.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if '"stage_finished", "round": 1, "stage": "mix"' not in line))
    resume(type(run)(run.folder), registry=plugins, progress=False)
    assert [event for event in type(run)(run.folder).events if event.get("stage") == "mix"][-1]["event"] == (
        "stage_finished"
    )


def test_a_reused_stage_knows_as_much_as_the_first(evolve: Evolve) -> None:
    def note(run: Path) -> dict[str, object]:
        info: dict[str, object] = json.loads((run / "round-1" / "mix" / "stage.json").read_text())
        return {name: value for name, value in info.items() if name not in ("reused_from", "checksum")}

    assert note(evolve().folder) == note(evolve().folder)
