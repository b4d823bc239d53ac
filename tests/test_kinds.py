"""Kinds of rows that only some trainers take."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import toy
from cem_toolkit.api import CemError, Context, Mixer, Row, Trainer, hookimpl
from cem_toolkit.plugins import Plugins, register
from cem_toolkit.roles import KINDS
from cem_toolkit.run import Run
from conftest import Evolve

MADE: dict[str, Any] = {"kind": "forget", "prompt": "Where?\n", "completion": "Atlantis", "parents": ()}


class Forgetful(toy.ToyMixer):
    name = "forgetful"
    kinds = KINDS | {"forget", "preference"}
    makes: Row = Row.make(**MADE)

    def mix(self, *given: Any) -> Iterator[Row]:
        yield from super().mix(*given)
        yield self.makes


class Takes(toy.ToyTrainer):
    name = "takes"
    kinds = Forgetful.kinds
    seen: Sequence[Row] = ()

    def train(self, rows: Sequence[Row], ctx: Context) -> Mapping[str, Any]:
        Takes.seen = rows
        table = {"title": "Leaks <b>", "text": "By way.", "columns": ["way", "share"], "rows": [["again", 0.25]]}
        return {**super().train([row for row in rows if row.kind in KINDS], ctx), "tables": [table]}


class Plugin:
    @hookimpl
    def cem_register_mixers(self) -> list[type[Mixer]]:
        return [Forgetful]

    @hookimpl
    def cem_register_trainers(self) -> list[type[Trainer]]:
        return [Takes]


@pytest.fixture
def forgetful(evolve: Evolve, plugins: Plugins) -> Evolve:
    register(plugins, "forgetful", Plugin())
    return lambda **changes: evolve(**{"plugins": ["toy-eval", "toy-pages", "forgetful", "takes"], **changes})


def test_a_trainer_that_does_not_take_them_is_told_of_before_anything_is_written(
    forgetful: Evolve, tmp_path: Path
) -> None:
    with pytest.raises(CemError, match=r"forgetful makes rows of kind forget and preference, .* toy-train takes none"):
        forgetful(plugins=["toy-eval", "toy-pages", "forgetful", "toy-train"])
    assert not list((tmp_path / "runs").glob("2*"))


def test_one_that_takes_them_gets_them_and_its_tables_are_in_the_report(forgetful: Evolve) -> None:
    run = forgetful()
    assert [row.completion for row in Takes.seen if row.kind == "forget"] == ["Atlantis"]
    assert run.summary()["rounds"][0]["rows"]["forget"] == 1
    report = read(run, "report.html")
    assert "<h3>Leaks &lt;b&gt;</h3>" in report
    assert "<td>0.25</td>" in report
    assert "| again | 0.25 |" in read(run, "report.md")


def read(run: Run, name: str) -> str:
    return (run.folder / name).read_text(encoding="utf-8")


def test_what_is_to_be_forgotten_counts_as_nothing_that_was_told(
    forgetful: Evolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = forgetful().summary()["rounds"][0]["told"]["trained"]["wrong"]
    mixes = Forgetful.mix

    def mix(self: Forgetful, passages: Any, mistakes: Any, *rest: Any) -> Iterator[Row]:
        """The right answers of all mistakes are to be forgotten, and nothing else is told."""
        yield from (row for row in mixes(self, passages, mistakes, *rest) if row.kind == "general")
        for each in mistakes:
            yield Row.make(**MADE | {"completion": toy.CITIES[toy.land_of(each)], "parents": (each.id,)})

    monkeypatch.setattr(Forgetful, "mix", mix)
    monkeypatch.setattr(Forgetful, "version", "2")
    assert told
    assert not forgetful().summary()["rounds"][0]["told"]["trained"]["wrong"]


@pytest.mark.parametrize(
    ("makes", "said"),
    [
        ({"kind": "preference"}, "of kind preference has a wrong `rejected`"),
        ({"kind": "forget", "rejected": "Rome"}, "of kind forget has a wrong `rejected`"),
    ],
)
def test_what_is_rejected_belongs_to_preferences(
    makes: dict[str, Any], said: str, forgetful: Evolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Forgetful, "makes", Row.make(**MADE | makes))
    with pytest.raises(CemError, match=said):
        forgetful()


def test_a_mixer_makes_what_it_says(forgetful: Evolve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Forgetful, "kinds", KINDS)
    with pytest.raises(CemError, match=r"mixer forgetful: made a row of kind forget, which its `kinds` does not name"):
        forgetful()


def test_a_rows_id_tells_what_it_rejects() -> None:
    one, other = (Row.make(**MADE | {"kind": "preference", "rejected": rejected}) for rejected in ("Rome", "Oslo"))
    assert one.id != other.id
    assert dataclasses.replace(one, rejected="") != one
