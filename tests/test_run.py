"""A run's own files: what was cut short or changed is passed over or named, never believed."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from cem_toolkit import CemError
from cem_toolkit.folders import create_run
from cem_toolkit.run import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(create_run(tmp_path, {"seed": 12, "model": "m"}, {"seed": 12}).folder)


def test_an_event_after_one_that_was_cut_short_is_whole(run: Run) -> None:
    run.record("one")
    run.record("two")
    file = run.folder / "events.jsonl"
    file.write_bytes(file.read_bytes()[:-7])
    run.record("three")
    assert [event["event"] for event in run.events] == ["one", "three"]


def test_odd_lines_among_the_events_are_passed_over(run: Run) -> None:
    run.record("log", message="a\u2028b\nc \ud800")
    with (run.folder / "events.jsonl").open("ab") as file:
        file.write(b"\0\0\xff\n[1]\n7\n")
    run.record("log", message="after")
    assert [event["message"][0] for event in run.events] == ["a", "a"]


@pytest.mark.parametrize("name", ["config.yaml", "plan.json"])
@pytest.mark.parametrize("change", [lambda text: text.replace("12", "13"), lambda text: text[:9], lambda text: ""])
def test_a_changed_beginning_is_named(run: Run, name: str, change: object) -> None:
    file = run.folder / name
    file.write_text(change(file.read_text()))  # type: ignore[operator]
    with pytest.raises(CemError, match=name) as caught:
        _ = Run(run.folder).config, Run(run.folder).plan
    assert "\n" not in str(caught.value)
    assert "put it back" in str(caught.value)


def test_a_file_system_without_locks_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(file: object, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(CemError, match="keeps no locks"), run.locked():
        pass
