"""`cem-toolkit plugins`: what is installed, and what can be set about it."""

import json

import pytest

from cem_toolkit.cli import main


def plugins(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["plugins", *arguments])
    assert isinstance(end.value.code, int)
    return end.value.code


def test_the_list_is_a_line_a_component(capsys: pytest.CaptureFixture[str]) -> None:
    assert plugins() == 0
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    assert ["rewriter", "rules", "2", "cem-toolkit 0.1.0"] in rows


def test_json_holds_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert plugins("--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert {"plugin": "builtin", "distribution": "cem-toolkit 0.1.0"} in told["plugins"]
    assert {"components", "broken", "deprecated"} <= told.keys()
    by_name = {(each["role"], each["name"]): each for each in told["components"]}
    miner = by_name["miner", "cem"]
    assert (miner["version"], miner["plugin"], miner["distribution"]) == ("2", "builtin", "cem-toolkit 0.1.0")
    options = {each["name"]: each for each in miner["options"]}
    assert options["keys"]["type"] == "'keyphrase' | 'llm'"
    assert (options["limit"]["type"], options["limit"]["default"]) == ("int | None", None)
    assert options["doubtful"]["type"] == "tuple[str, …]"
    assert options["order"]["description"].startswith("Which mistakes come first")
    endpoint = {each["name"]: each for each in by_name["rewriter", "endpoint"]["options"]}
    assert endpoint["url"]["required"]
    assert not options["keys"]["required"]


def test_one_is_told_with_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert plugins("endpoint") == 0
    said = capsys.readouterr().out
    assert "rewriter endpoint 1 (cem-toolkit 0.1.0, plugin builtin)" in said
    assert "By a language model behind an OpenAI-compatible chat endpoint." in said
    assert "must be given" in said
    assert plugins("builtin", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["components"]) >= 5


def test_an_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert plugins("ruels") == 2
    assert "did you mean 'rules'?" in capsys.readouterr().err
