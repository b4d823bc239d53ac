"""`show`: the table and the JSON agree with the run."""

import json
from pathlib import Path

import pytest

from cem_toolkit.cli import main
from cem_toolkit.run import Run
from conftest import Evolve

OUTCOME = {"n", "right_before", "right_after", "fixed", "broken", "total"}


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        main(["show", *arguments])
    assert end.value.code == 0
    return capsys.readouterr().out


def test_json_has_the_documented_form(evolve: Evolve, capsys: pytest.CaptureFixture[str]) -> None:
    run = evolve(general=["capitals-general"])
    summary = json.loads(shown(capsys, "latest", "--json", "--out", str(run.folder.parent)))
    assert summary["run"] == run.name
    assert {"model", "seed", "rounds", "finished", "note", "seconds", "folder"} <= summary.keys()
    (turn,) = summary["rounds"]
    for name in ("mined", "held_out", "siblings", "reviewed"):
        assert turn[name].keys() == OUTCOME
    assert turn["general"]["capitals-general"].keys() == OUTCOME
    assert sum(turn["rows"].values()) == len(run.rounds[0].rows)
    assert turn["tokens"] > 0
    assert turn["model"].keys() == {"before", "after"}
    assert "mine" in turn["seconds"]
    documented = Path(__file__).parents[2].joinpath("docs", "show-json.md").read_text()
    assert all(f"`{name}`" in documented for name in [*summary, *turn, *OUTCOME])


def test_a_run_is_found_by_path_name_and_latest(evolve: Evolve, capsys: pytest.CaptureFixture[str]) -> None:
    run = evolve()
    out = str(run.folder.parent)
    assert shown(capsys, str(run.folder)) == shown(capsys, run.name, "--out", out) == shown(capsys, "--out", out)


def test_the_table_gives_counts_with_their_rates(
    evolve: Evolve, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    run: Run = evolve()
    text = shown(capsys, str(run.folder))
    mined = run.summary()["rounds"][0]["mined"]
    wrong = mined["n"] - mined["right_before"]
    assert f"{mined['fixed']}/{wrong}" in text
    assert "held out" in text
    assert run.name in text


def test_an_unfinished_run_says_how_to_go_on(
    evolve: Evolve, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError):
        evolve(trainer={"fails": True})
    assert "cem-toolkit resume" in shown(capsys, "latest", "--out", str(tmp_path / "runs"))
