"""`sweep`: what is printed of a grid, and what is said of bad input."""

import json
from pathlib import Path
from typing import Any

import pytest

import toy
from cem_toolkit import sweep
from cem_toolkit.cli import main
from cem_toolkit.cli.sweep_tables import print_sweep
from cem_toolkit.plugins import Plugins


def test_the_table_names_the_best_and_how_sure_that_is(
    plugins: Plugins, values: dict[str, Any], model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.write_model(model, list(toy.CITIES.values())[:20])
    over = {"trainer.forgets": [20, 0, 1], "weights": [{"toy-pages": 1.0}]}
    many = {"selection": 0.6, "held_out_groups": 0, "siblings": 0}
    done = sweep(over=over, registry=plugins, progress=False, **values, gate={"enabled": False}, split=many)
    print_sweep(done)
    text = capsys.readouterr().out
    assert "best: trainer.forgets=0" in text
    assert "1 of the 2 others are within noise" in text
    assert all(run.name in text for run in done.runs)
    told = json.loads(json.dumps(done.to_json()))
    assert [setting["verdict"] for setting in told["settings"]] == ["best", "within noise", "worse"]
    assert told["settings"][2]["change"]["verdict"] == "worse"


def test_bad_input_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, said in ((["--over", "seed"], "should be NAME=VALUE,VALUE"), ([], "Missing option '--over'")):
        with pytest.raises(SystemExit) as end:
            main(["sweep", *arguments])
        assert end.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert said in line
