"""`ledger`: the list, the story of one question, the JSON of both, and what is said of bad input."""

import json
from pathlib import Path

import pytest

from cem_toolkit.api import Passage
from cem_toolkit.cli import main
from cem_toolkit.ledger import Entry, read_ledger
from cem_toolkit.run import Run
from conftest import Evolve
from test_ledger import attempt, hit, mistake, row, teach, write_run, write_stage

ESCAPE = "\x1b]0;pwned\x07\x1b[2J"


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        main(["ledger", *arguments])
    assert end.value.code == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        main(["ledger", *arguments])
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.fixture
def run(evolve: Evolve) -> Run:
    return evolve(trainer={"forgets": 2})


def first(run: Run, status: str) -> Entry:
    return next(found for found in read_ledger(run) if found.status == status and found.lessons)


def test_the_list_shows_each_question_and_counts_all(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "--out", str(run.folder.parent), "--limit", "3")
    entries = list(read_ledger(run))
    assert sum(found.id in text for found in entries) == 3
    assert f"3 of {len(entries)} are listed" in text
    fixed = sum(found.status == "fixed" for found in entries)
    (line,) = [line for line in text.splitlines() if line.startswith("│ fixed ")]
    assert line.rstrip(" │").endswith(f" {fixed}")


def test_the_list_can_be_narrowed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    def chosen(*arguments: str) -> set[str]:
        lines = told(capsys, str(run.folder), "--json", *arguments).splitlines()
        return {json.loads(line)["id"] for line in lines}

    entries = list(read_ledger(run))
    assert chosen() == {found.id for found in entries}
    assert chosen("--status", "fixed,still wrong", "--split", "mined") == {
        found.id for found in entries if found.status in ("fixed", "still wrong") and found.split == "mined"
    }
    assert chosen("--lesson", "trained") == {found.id for found in entries if found.lesson_status == "trained"}
    assert chosen("--task", "capitals", "--limit", "2") == {found.id for found in entries[:2]}
    assert "no question is so" in told(capsys, str(run.folder), "--split", "general")


def test_the_story_of_a_question(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    found = first(run, "fixed")
    text = told(capsys, str(run.folder), found.id[:8])
    land = found.question.split()[5]
    assert found.question in text
    assert f"* {found.gold}" in text
    assert "taken for a knowledge mistake" in text
    assert f"passage 1: {land} (toy-pages, CC0)" in text
    assert f">>> Its capital is {found.gold}, by the sea. <<<" in text, "the telling sentence is marked"
    assert "with it shown, the model answers rightly" in text
    assert all(reference.id in text for reference in found.lessons[0].rows)


def test_the_story_as_json_holds_the_texts(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    found = first(run, "fixed")
    data = json.loads(told(capsys, str(run.folder), *found.question.split()[5:6], "--json"))
    assert data["id"] == found.id
    assert found.gold in data["passages"][data["lessons"][0]["passages"][0]["id"]]["text"]
    assert data["rows"][data["lessons"][0]["rows"][0]["id"]]["completion"]


def test_hostile_text_is_shown_as_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither terminal sequences nor rich's markup in questions, answers, passages and rows do anything."""
    run = write_run(tmp_path / "run", {"q": "01"}, "1")
    hostile = f"{ESCAPE}[bold]see[/bold] [/nothing] :smile:"
    for number, right in enumerate((False, True)):
        asked = [attempt("q", right, question=hostile, gold=hostile, choices=(hostile, "no"), answer=hostile)]
        write_stage(run.round(number).folder / "evaluate", attempts=asked)
    page = Passage(id="p-x", text=hostile, title=hostile, source="wiki", licence=hostile, hits=(hit("q"),))
    teach(run.round(1).folder, [mistake("q")], [page], [row(hostile, "p-x")])
    for arguments in ((), ("q",)):
        text = told(capsys, str(run.folder), *arguments)
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "[bold]see[/bold]" in text
    assert json.loads(told(capsys, str(run.folder), "q", "--json"))["question"] == hostile


def test_bad_input_is_one_line(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(run.folder)
    assert "no run 'gone'" in refused(capsys, "gone")
    assert "no question matches 'xyzzy'" in refused(capsys, folder, "xyzzy")
    assert "40 questions match 'capital'" in refused(capsys, folder, "capital")
    said = refused(capsys, folder, "--status", "fixt")
    assert "unknown status 'fixt': there are kept right, still wrong, fixed, broken" in said
    assert "unknown split 'heldout': there are mined, selection, stopping, held_out" in refused(
        capsys, folder, "--split", "heldout"
    )
    assert "unknown task 'arc': there are capitals" in refused(capsys, folder, "--task", "arc")
    assert "leave QUESTION out" in refused(capsys, folder, "Land1", "--split", "mined")
