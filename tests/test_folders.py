"""Runs' folders are there whole or not at all."""

from pathlib import Path

import pytest

from cem_toolkit.api import name_beside
from cem_toolkit.folders import create_run, find_run, remove_half_made


def test_a_run_has_all_it_takes_from_the_start(tmp_path: Path) -> None:
    run = create_run(tmp_path / "runs", {"seed": 3}, {"command": []})
    assert run.config == {"seed": 3}
    assert run.plan["command"] == []
    assert find_run("latest", tmp_path / "runs").folder == run.folder


def test_what_a_process_that_was_killed_had_half_made_is_removed(tmp_path: Path) -> None:
    half = name_beside(tmp_path / "2026-01-01-calm-owl")
    half.mkdir()
    (half / "config.yaml").write_text("seed: 1")
    name_beside(tmp_path / "latest").symlink_to("2026-01-01-calm-owl")
    run = create_run(tmp_path, {}, {})
    assert {path.name for path in tmp_path.iterdir()} == {run.name, "latest", ".making"}


def test_a_taken_name_is_not_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cem_toolkit.folders.ADJECTIVES", "calm")
    monkeypatch.setattr("cem_toolkit.folders.ANIMALS", "owl")
    assert len({create_run(tmp_path, {}, {}).name for _ in range(3)}) == 3


def test_resuming_removes_a_link_that_was_half_made(tmp_path: Path) -> None:
    run = create_run(tmp_path, {}, {})
    name_beside(tmp_path / "latest").symlink_to("2026-01-01-calm-owl")
    remove_half_made(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {run.name, "latest", ".making"}


def test_a_run_that_goes_on_meanwhile_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = create_run(tmp_path, {}, {})
    half = run.folder / "round-1" / "train.partial"
    half.mkdir(parents=True)
    look = Path.lstat

    def sealed_once_listed(path: Path) -> object:
        if path == half:
            half.rename(half.with_name("train"))
        return look(path)

    monkeypatch.setattr(Path, "lstat", sealed_once_listed)
    assert find_run("latest", tmp_path) == run
    assert not half.exists()
