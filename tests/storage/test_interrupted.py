"""A run on storage that is cut off at any moment goes on elsewhere, and loses nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import toy
from cem_toolkit.errors import CemError
from cem_toolkit.run import Run
from cem_toolkit.storage import lease
from cem_toolkit.storage.remote import Remote, StorageError
from conftest import Evolve

Files = Callable[[str], dict[str, bytes]]
Resume = Callable[[str, Path], Run]


class Killed(BaseException):
    """The process is gone."""


def writing(monkeypatch: pytest.MonkeyPatch, before: Callable[[str], None]) -> None:
    """Has `before` called with the name of each file before it is written or removed on storage."""
    for method in ("write", "put", "remove"):
        real = getattr(Remote, method)

        def wrapped(self: Remote, *given: Any, _real: Any = real, _put: bool = method == "put", **more: Any) -> Any:
            before(given[1] if _put else given[0])
            return _real(self, *given, **more)

        monkeypatch.setattr(Remote, method, wrapped)


def results(run: Run) -> dict[str, Any]:
    """What must be the same whatever happened: without names, places and times."""
    summary = json.loads(json.dumps(run.summary()))
    rounds = [{**turn, "seconds": 0, "reused": 0} for turn in summary["rounds"]]
    return {**summary, "run": 0, "folder": 0, "seconds": 0, "rounds": rounds}


@pytest.mark.parametrize("moment", (7, 19, 27, 43, 66))
def test_killed_at_any_moment(
    moment: int,
    memory: str,
    evolve: Evolve,
    resume: Resume,
    elsewhere: Path,
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = results(evolve())
    count = 0

    def die(name: str) -> None:
        nonlocal count
        count += 1
        if count > moment:
            raise Killed

    with monkeypatch.context() as dying:
        writing(dying, die)
        with pytest.raises(Killed):
            evolve(out=memory)
    monkeypatch.setattr(lease, "STALE", -1.0)
    stages = [name for name in files(memory) if name.endswith("train/stage.json")]
    toy.ToyTrainer.calls.clear()

    run = resume(f"{memory}/{next(name for name in files(memory) if 'plan.json' in name).partition('/')[0]}", elsewhere)

    assert results(run) == whole
    assert len(toy.ToyTrainer.calls) == (0 if stages else 1), "what was copied is not done again"
    again = evolve(out=memory, cache=str(elsewhere.with_name("a third machine")))
    assert all(stage.reused for stage in again.round(1).stages), "every stage is on storage, whole"


def test_storage_that_is_away_for_a_while_stops_no_run(
    memory: str, evolve: Evolve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], files: Files
) -> None:
    names: list[str] = []

    def away(name: str) -> None:
        names.append(name)
        if ("round-1/mine" in name or "round-1/guard" in name) and names.count(name) == 1:
            raise StorageError(f"{name}: out of reach")

    writing(monkeypatch, away)
    run = evolve(out=memory)
    stored = files(memory)
    assert run.finished
    for stage in run.round(1).stages:
        assert f"{run.name}/round-1/{stage.name}/stage.json" in stored


def test_what_could_not_be_copied_is_copied_by_the_next_resume(
    memory: str, evolve: Evolve, resume: Resume, monkeypatch: pytest.MonkeyPatch, files: Files, tmp_path: Path
) -> None:
    with monkeypatch.context() as offline:

        def away(name: str) -> None:
            if "round-1" in name:
                raise StorageError(f"{name}: out of reach")

        writing(offline, away)
        with pytest.raises(CemError, match=r"could not be copied there; they are in .*`cem-toolkit resume") as error:
            evolve(out=memory)
    folder = str(error.value).rpartition("`cem-toolkit resume ")[2].partition("`")[0]
    assert not [name for name in files(memory) if "round-1" in name]
    toy.ToyTrainer.calls.clear()
    run = resume(folder, tmp_path / "cache")
    assert not toy.ToyTrainer.calls
    assert f"{run.name}/round-1/gate/stage.json" in files(memory)


def test_a_machine_that_comes_back_takes_what_another_has_done_since(
    memory: str, evolve: Evolve, resume: Resume, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def die(name: str) -> None:
        if "round-1/train" in name:
            raise Killed

    with monkeypatch.context() as dying:
        writing(dying, die)
        with pytest.raises(Killed):
            evolve(out=memory)
    monkeypatch.setattr(lease, "STALE", -1.0)
    there = resume(f"{memory}/latest", elsewhere)
    toy.ToyTrainer.calls.clear()
    here = resume(f"{memory}/latest", tmp_path / "cache")
    assert not toy.ToyTrainer.calls
    assert here.round(1).stage("train") is not None
    assert here.folder != there.folder
    assert [event["event"] for event in here.events].count("run_finished") == 2


def test_a_run_on_a_disk_that_is_given_by_address(
    tmp_path: Path, evolve: Evolve, resume: Resume, elsewhere: Path
) -> None:
    run = evolve(out=f"file://{tmp_path}/shared")
    assert (tmp_path / "shared" / run.name / "round-1" / "gate" / "stage.json").is_file()
    assert resume(f"file://{tmp_path}/shared/latest", elsewhere).finished
