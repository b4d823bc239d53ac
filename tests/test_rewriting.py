"""Rewriters in a run: plugins' own, several together, and what becomes of what their passages do not say."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

import toy
from cem_toolkit import CemError
from cem_toolkit.api import ConfigError, Context, Drop, Options, Passage, Rewrite, Rewriter, hookimpl
from cem_toolkit.evolving import plan
from cem_toolkit.plugins import Plugins, register
from cem_toolkit.run import Run
from cem_toolkit.store import read_records
from conftest import Evolve

BASE = ["toy-eval", "toy-pages", "toy-train"]


class Echo(Rewriter):
    """Says each passage after its title, and asks what it is about."""

    name, version = "echo", "1"

    class Options(Options):
        loud: bool = Field(False, description="End with an exclamation mark.")
        lies: bool = Field(False, description="Also tell of Atlantis.")
        stranger: bool = Field(False, description="Name a passage that does not exist.")
        linked: str = Field("", description="Name this passage as a second one.")
        peeks: Path | None = Field(None, description="A file to be read.")

    options: "Echo.Options"

    def rewrite(self, passages: Sequence[Passage], ctx: Context) -> Iterable[Rewrite]:
        if self.options.peeks:
            self.options.peeks.read_text()
        for passage in passages:
            told = f"{passage.title}: {passage.text}{'!' if self.options.loud else ''}"
            yield Rewrite.make(passage_id=passage.id, kind="summary", text=told)
            question = f"Who or what is it? {passage.text}"
            yield Rewrite.make(passage_id=passage.id, kind="reversed", question=question, text=passage.title)
            if self.options.lies:
                yield Rewrite.make(passage_id=passage.id, kind="link", text=f"{passage.title} lies in Atlantis.")
        if self.options.stranger:
            yield Rewrite.make(passage_id="p-none", kind="summary", text="Nothing.")
        if self.options.linked:
            text = passages[0].text
            yield Rewrite.make(passage_id=passages[0].id, linked_id=self.options.linked, kind="link", text=text)


class Twin(Echo):
    name = "twin"


class Plugin:
    @hookimpl
    def cem_register_rewriters(self) -> list[type[Rewriter]]:
        return [Echo, Twin]


@pytest.fixture
def plugins(plugins: Plugins) -> Plugins:
    register(plugins, "echoes", Plugin())
    return plugins


def rewrites(run: Run, name: str, folder: str = "rewrite") -> list[Rewrite]:
    return list(read_records(run.rounds[0].folder / folder / name / "rewrites.jsonl", Rewrite))


def test_a_plugin_s_rewriter_serves_a_run_in_the_place_of_the_default(evolve: Evolve) -> None:
    run = evolve(plugins=[*BASE, "echo"])
    (turn,) = run.rounds
    names = [stage.name for stage in turn.stages]
    assert names[names.index("read") : names.index("mix") + 1] == ["read", "rewrite/echo", "mix"]
    assert run.summary()["rounds"][0]["mined"]["fixed"] > 0


def test_rewrites_become_rows_that_lead_back_to_passage_and_mistakes(evolve: Evolve) -> None:
    (turn,) = evolve(plugins=[*BASE, "echo"]).rounds
    assert turn.passages
    rows = {(row.kind, row.completion.strip(), row.parents) for row in turn.rows}
    for passage in turn.passages:
        parents = (passage.id, *dict.fromkeys(hit.mistake_id for hit in passage.hits))
        assert ("passage", f"{passage.title}: {passage.text}", parents) in rows
        asked = [row for row in turn.rows if row.kind == "normative" and row.parents == parents]
        assert [row.completion.strip() for row in asked] == [passage.title]
        assert passage.text in asked[0].prompt
    assert {parent for row in turn.rows for parent in row.parents} >= {mistake.id for mistake in turn.mistakes}


def test_what_a_passage_does_not_say_is_dropped_and_kept_with_its_reason(evolve: Evolve) -> None:
    run = evolve(plugins=[*BASE, "echo"], rewriters={"echo": {"lies": True}})
    (turn,) = run.rounds
    drops = list(read_records(turn.folder / "rewrite" / "echo" / "dropped.jsonl", Drop))
    lies = {
        Rewrite.make(passage_id=passage.id, kind="link", text=f"{passage.title} lies in Atlantis.").id
        for passage in turn.passages
    }
    assert {drop.id for drop in drops} == lies
    assert {(drop.stage, drop.reason, drop.detail) for drop in drops} == {
        ("rewrite", "not what the passage says", "names 'Atlantis'")
    }
    assert not any("Atlantis" in row.prompt + row.completion for row in turn.rows)
    assert len(rewrites(run, "echo")) == 2 * len(turn.passages), "the others stay"
    stage = turn.stage("rewrite/echo")
    assert stage
    assert stage.figures == {"kept": 2 * len(turn.passages), "dropped": len(lies)}
    assert run.summary()["rounds"][0]["dropped"] == {}, "nothing leaked"


def test_a_rewriter_that_names_an_unknown_passage_is_stopped(evolve: Evolve) -> None:
    with pytest.raises(CemError, match="rewriter echo: names passages that it was not given: p-none"):
        evolve(plugins=[*BASE, "echo"], rewriters={"echo": {"stranger": True}})


def test_a_second_passage_is_checked_like_the_first(evolve: Evolve) -> None:
    with pytest.raises(CemError, match="rewriter echo: names passages that it was not given: p-far"):
        evolve(plugins=[*BASE, "echo"], rewriters={"echo": {"linked": "p-far"}})


def test_a_rewriter_that_reads_stored_answers_is_stopped(evolve: Evolve) -> None:
    first = evolve()
    peeks = str(first.start.folder / "evaluate" / "attempts.jsonl")
    with pytest.raises(CemError, match=r"rewriter echo: tried to read .*attempts\.jsonl"):
        evolve(plugins=[*BASE, "echo"], rewriters={"echo": {"peeks": peeks}})


@pytest.mark.parametrize(
    ("chosen", "options", "said"),
    [
        (
            BASE,
            {"echo": {"lies": True}},
            "rewriters.echo: is not among the chosen plugins (rules); add it or remove its options",
        ),
        (
            [*BASE, "echo"],
            {"rules": {"blanks": 1}},
            "rewriters.rules: is not among the chosen plugins (echo); add it or remove its options",
        ),
        ([*BASE, "echo"], {"echo": {"lise": True}}, "rewriters.echo.lise: unknown option; did you mean 'lies'?"),
    ],
)
def test_wrong_options_are_an_error_in_one_line(
    evolve: Evolve, chosen: list[str], options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        evolve(plugins=chosen, rewriters=options)
    (line,) = caught.value.problems
    assert line.endswith(said)
    assert "\n" not in line
    assert not toy.ToyEvaluator.calls


def test_two_rewriters_work_together_and_what_both_say_is_one_row(evolve: Evolve) -> None:
    run = evolve(plugins=[*BASE, "echo", "twin", "rules"], rewriters={"rules": {"blanks": 0}})
    (turn,) = run.rounds
    assert {stage.name for stage in turn.stages if stage.name.startswith("rewrite/")} == {
        *("rewrite/echo", "rewrite/twin", "rewrite/rules")
    }
    assert rewrites(run, "echo") == rewrites(run, "twin")
    texts = [row.completion for row in turn.rows if row.kind == "passage"]
    assert len(set(texts)) == len(texts)
    for name in ("echo", "rules"):
        assert {each.text for each in rewrites(run, name) if not each.question} <= set(texts)
    assert len({row.id for row in turn.rows}) == len(turn.rows)


def test_a_rewriter_s_option_redoes_its_own_work_and_what_follows(evolve: Evolve) -> None:
    both = [*BASE, "echo", "rules"]
    evolve(plugins=both)
    turn = evolve(plugins=both, rewriters={"echo": {"loud": True}}).summary()["rounds"][0]
    kept = ["mine", "retrieve/toy-pages", "guard", "cut", "read", "rewrite/rules"]
    assert turn["reused"][: len(kept)] == kept
    assert not {"rewrite/echo", "mix", "train"} & set(turn["reused"])


def test_random_pages_are_cut_and_rewritten_like_those_that_were_found(evolve: Evolve) -> None:
    run = evolve(plugins=[*BASE, "echo"], arms=["random"])
    (turn,) = run.rounds
    (arm,) = turn.arms
    assert [stage.name for stage in arm.stages] == [
        f"arms/random/{name}" for name in ("draw/toy-pages", "rewrite/echo", "mix", "train", "evaluate")
    ]
    drawn = {each.id: each for each in read_records(arm.folder / "draw" / "toy-pages" / "passages.jsonl", Passage)}
    assert drawn.keys().isdisjoint(passage.id for passage in turn.passages)
    assert {len(passage.text.split(". ")) for passage in drawn.values()} == {1}, "pieces, not pages"
    made = rewrites(run, "echo", "arms/random/rewrite")
    assert {each.passage_id for each in made} == drawn.keys()
    texts = {row.completion: row.parents[0] for row in arm.rows if row.kind == "passage"}
    for each in made:
        if not each.question:
            assert texts[each.text] == each.passage_id


def test_a_dry_run_lists_the_rewriters(values: dict[str, Any], plugins: Plugins, evolve: Evolve) -> None:
    chosen = {**values, "plugins": [*BASE, "echo", "rules"], "arms": ["random"]}
    planned = plan(registry=plugins, **chosen)
    names = [stage.name for stage in planned.stages]
    place = names.index("read")
    assert names[place : place + 4] == ["read", "rewrite/echo", "rewrite/rules", "mix"]
    place = names.index("arms/random/draw/toy-pages")
    assert names[place + 1 : place + 4] == [f"arms/random/{name}" for name in ("rewrite/echo", "rewrite/rules", "mix")]
    run = evolve(plugins=chosen["plugins"], arms=["random"])
    assert names == [event["stage"] for event in run.events if event["event"] == "stage_finished"]
    assert all(stage.reused for stage in plan(registry=plugins, **chosen).stages)
    changed = plan(registry=plugins, **chosen, rewriters={"rules": {"blanks": 0}})
    assert next(stage.name for stage in changed.stages if not stage.reused) == "rewrite/rules"


def test_cutting_can_be_turned_off_and_limited(evolve: Evolve) -> None:
    (cut,) = evolve(pieces={"per_mistake": 1}).rounds
    assert len(cut.passages) == len(cut.mistakes)
    assert all(passage.text.startswith("Its capital is") for passage in cut.passages), "which tells the answer"
    (whole,) = evolve(pieces={"sentences": 0}).rounds
    assert {passage.id for passage in whole.passages} == {
        passage.id for passage in read_records(whole.folder / "retrieve" / "toy-pages" / "passages.jsonl", Passage)
    }
    stage = whole.stage("cut")
    assert stage
    assert stage.figures["pages"] == stage.figures["pieces"] == len(whole.passages)
