"""Runs that are given a name: the same call begins them and goes on with them."""

import pytest

import toy
from cem_toolkit.errors import CemError
from conftest import Evolve


def test_the_same_call_begins_a_run_and_goes_on_with_it(evolve: Evolve, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(toy.ToyTrainer, "train", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            evolve(name="job-42")
    run = evolve(name="job-42")
    assert run.name == "job-42"
    assert toy.ToyEvaluator.calls == [0, 1]
    assert [event["event"] for event in run.events].count("run_resumed") == 1


def test_another_configuration_is_another_run(evolve: Evolve) -> None:
    evolve(name="job-42")
    with pytest.raises(CemError, match=r"was begun with another configuration \(seed\)"):
        evolve(name="job-42", seed=3)


@pytest.mark.parametrize("name", ["latest", "../up", ".hidden", "a b", "x" * 200])
def test_names_that_are_none(name: str, evolve: Evolve) -> None:
    with pytest.raises(CemError, match="should be letters, digits"):
        evolve(name=name)


def test_on_storage_too(evolve: Evolve, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(toy.ToyTrainer, "train", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            evolve(name="job-42", out="memory://named/runs")
    run = evolve(name="job-42", out="memory://named/runs", cache=f"{tmp_path}/another machine")
    assert toy.ToyEvaluator.calls == [0, 1]
    assert run.finished
