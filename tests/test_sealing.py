"""What steers a run cannot read the questions that must not steer it."""

import contextlib
from pathlib import Path

import pytest

from cem_toolkit.errors import CemError
from cem_toolkit.sealing import sealed


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "one" / "round-0" / "evaluate"
    folder.mkdir(parents=True)
    (folder / "attempts.jsonl").write_text("{}")
    (folder / "notes.txt").write_text("notes")
    (tmp_path / "questions.jsonl").write_text("{}")
    (tmp_path / "attempts.jsonl").write_text("the user's own file, of no run")
    return tmp_path / "runs"


def answers(runs: Path) -> Path:
    return runs / "one" / "round-0" / "evaluate" / "attempts.jsonl"


def test_stored_answers_and_question_files_are_refused_by_name(runs: Path) -> None:
    for path in (answers(runs), runs.parent / "questions.jsonl"):
        with pytest.raises(CemError, match=f"source wiki: tried to read .*{path.name}"):  # noqa: SIM117
            with sealed("source wiki", runs, [runs.parent / "questions.jsonl"]):
                path.read_text()


def test_a_link_or_a_way_round_is_refused_as_well(runs: Path) -> None:
    link = runs.parent / "link"
    link.symlink_to(answers(runs))
    for path in (link, answers(runs).parent / ".." / "evaluate" / "attempts.jsonl"):
        with pytest.raises(CemError), sealed("miner", runs, []):
            path.open()


def test_an_error_that_the_plugin_swallows_still_counts(runs: Path) -> None:
    with pytest.raises(CemError, match="miner: tried to read"), sealed("miner", runs, []):  # noqa: SIM117
        with contextlib.suppress(Exception):
            answers(runs).read_text()


def test_other_files_can_be_read(runs: Path) -> None:
    with sealed("mixer", runs, []):
        assert (answers(runs).parent / "notes.txt").read_text() == "notes"
        assert (runs.parent / "attempts.jsonl").read_text()


def test_afterwards_all_can_be_read_again(runs: Path) -> None:
    with sealed("mixer", runs, []):
        pass
    assert answers(runs).read_text() == "{}"
