"""An error that breaks off a run knows the command that goes on with it."""

from pathlib import Path

import pytest

from cem_toolkit.resuming import how_to_resume, resumable


def test_the_command_is_found_through_other_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError) as caught:
        try:
            with resumable(tmp_path / "my runs" / "calm-owl"):
                raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise RuntimeError("aborted") from error
    assert how_to_resume(caught.value) == "cem-toolkit resume 'my runs/calm-owl'"


def test_outside_of_runs_there_is_none() -> None:
    assert how_to_resume(OSError()) is None


def test_a_run_elsewhere_is_named_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(OSError) as caught, resumable(tmp_path / "run"):
        raise OSError
    assert how_to_resume(caught.value) == f"cem-toolkit resume {tmp_path / 'run'}"
