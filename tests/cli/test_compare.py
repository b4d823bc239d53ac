"""`compare`: what is printed of two runs, and what is said of bad input."""

import json
from pathlib import Path

import pytest

from cem_toolkit.cli import main
from conftest import Evolve
from test_ledger import write_run


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    with pytest.raises(SystemExit) as end:
        main(["compare", *arguments])
    assert end.value.code == code
    captured = capsys.readouterr()
    return captured.err if code else captured.out


def test_settings_and_results_stand_side_by_side(evolve: Evolve, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = evolve(general=["capitals-general"]), evolve(general=["capitals-general"], trainer={"forgets": 9})
    text = told(capsys, first.name, str(second.folder), "--out", str(first.folder.parent))
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if "│" in line]
    assert ["trainer.forgets", "0", "9"] in rows
    (mined,) = [row for row in rows if row[0] == "mined"]
    data = json.loads(told(capsys, str(first.folder), str(second.folder), "--json"))
    change = data["results"][0]["sets"]["mined"]
    assert mined[1] == str(change["n"])
    assert mined[4:6] == [str(change["right_first_only"]), str(change["right_second_only"])]
    assert any("capitals-general" in row[0] for row in rows)
    documented = Path(__file__).parents[2].joinpath("docs", "ledger.md").read_text()
    assert all(f"`{name}`" in documented for name in [*data, *data["runs"][0], *change])


def test_bad_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (str(write_run(tmp_path / name, {name: "1"}).folder) for name in "ab")
    for arguments, said in (
        ((first,), "two or more runs"),
        ((first, first), "two or more runs"),
        ((first, "gone"), "no run 'gone'"),
        ((first, second), "no question in common"),
    ):
        (line,) = told(capsys, *arguments, code=2).splitlines()
        assert said in line
