"""Rows of another mixer, by the stage that suits the mistakes that they are about."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cem_continual.router import Router
from cem_toolkit.api import Attempt, CemError, Context, Hit, LeakGuard, Mistake, Passage, Rewrite, Row, question_id
from cem_toolkit.testing import MixerTests, make_context

LAND = {"Togo": "Lomé", "Chad": "N'Djamena", "Peru": "Lima"}
TOWNS = {"Togo": "Sokodé", "Chad": "Moundou", "Peru": "Cusco"}


class TestRouter(MixerTests):
    component = Router
    bad_options = (
        {"mixer": "router"},
        {"mixer": "no-such-mixer"},
        {"options": {"no_such": 1}},
        {"near": -1},
    )


def attempt(land: str, lettered: bool = False) -> Attempt:
    """A question about `land` that was answered by its second town."""
    question, choices = f"What is the capital of {land}?", (TOWNS[land], LAND[land])
    listed = f"A. {choices[0]}\nB. {choices[1]}\n" if lettered else ""
    return Attempt(
        id=question_id(question, choices),
        task="capitals",
        question=question,
        choices=choices,
        gold=LAND[land],
        answer=TOWNS[land],
        correct=False,
        scores=(-1.0, -1.5),
        prompt=f"Question: {question}\n{listed}Answer:",
        completion=" B" if lettered else f" {LAND[land]}",
    )


def mistake(land: str, **changes: Any) -> Mistake:
    asked = attempt(land)
    fields: dict[str, Any] = {"kind": "knowledge", "margin": -0.5, "agreement": 1.0} | changes
    return Mistake(
        id=f"m-{land}", attempt_id=asked.id, task="capitals", question=asked.question, choices=asked.choices,
        queries=(land,), **fields,
    )  # fmt: skip


def passage(land: str, flips: bool | None = None) -> Passage:
    hit = Hit(mistake_id=f"m-{land}", query=land, score=1.0, flips=flips)
    text = f"{LAND[land]} is the capital of {land}, and {TOWNS[land]} its second town."
    return Passage.make(title=land, text=text, source="atlas", licence="CC0", hits=(hit,))


def rewrites(given: Sequence[Passage]) -> list[Rewrite]:
    """Of each passage a question that is not a mistake's own."""
    return [
        Rewrite.make(
            passage_id=each.id, kind="question", text=TOWNS[each.title],
            question=f"Which town comes second in {each.title}?",
        )
        for each in given
    ]  # fmt: skip


class Mix:
    """What the router makes of mistakes about lands, by a model that likes `likes` best."""

    def __init__(self, folder: Path, mistakes: Sequence[Mistake], likes: str = "Cusco", **given: Any) -> None:
        lands = [each.id.removeprefix("m-") for each in mistakes]
        passages = given.pop("passages", [passage(land) for land in lands])
        lettered = given.pop("lettered", False)
        attempts = [attempt(land, lettered) for land in lands]
        self.said: list[str] = []
        guard = LeakGuard(attempts)
        can_score = given.pop("can_score", True)
        self.ctx: Context = make_context(
            folder,
            seed=given.pop("seed", 0),
            rewrites=tuple(rewrites([passage(land) for land in LAND])),
            log=self.said.append,
            screen_rows=lambda rows: guard.screen_rows(rows)[0],
            **({"score": lambda pairs: [tuple(0.0 if likes in c else -9.0 for c in cs) for _, cs in pairs]}
               if can_score else {}),
        )  # fmt: skip
        router = Router(Router.Options.model_validate({"options": {"general": 0}, **given}))
        self.rows: list[Row] = list(router.mix(passages, mistakes, attempts, self.ctx))

    def kinds(self, land: str) -> set[str]:
        """Of the rows about `land`."""
        return {row.kind for row in self.rows if f"m-{land}" in row.parents}

    def routes(self) -> dict[str, tuple[str, str]]:
        lines = (self.ctx.folder / "routes.jsonl").read_text(encoding="utf-8").splitlines()
        return {each["mistake_id"]: (each["stage"], each["served_by"]) for each in map(json.loads, lines)}


def near(land: str) -> Mistake:
    return mistake(land, kind="unsure", agreement=0.5)


def test_each_mistake_gets_the_rows_of_its_stage_alone(tmp_path: Path) -> None:
    # A preference needs wrong answers of the same kind, which are those of the other lands' questions.
    mixed = Mix(tmp_path, [mistake("Togo"), mistake("Chad", kind="schema"), near("Peru")], likes="Moundou")
    assert {land: mixed.kinds(land) for land in LAND} == {
        "Togo": {"passage"}, "Chad": {"normative", "extractive"}, "Peru": {"preference"},
    }  # fmt: skip
    assert mixed.routes() == {
        "m-Togo": ("text", "text"),
        "m-Chad": ("instructions", "instructions"),
        "m-Peru": ("preferences", "preferences"),
    }
    assert "1 to text (1 belong there), 1 to instructions" in mixed.said[-1]
    (row,) = [row for row in mixed.rows if row.kind == "preference"]
    assert (row.completion, row.rejected) == (" Cusco", " Moundou")
    assert row.prompt.startswith("Question: Which town comes second in Peru?")
    assert passage("Peru").id in row.parents


def test_a_fact_that_a_passage_tells_is_no_preference(tmp_path: Path) -> None:
    mixed = Mix(tmp_path, [near("Peru")], passages=[passage("Peru", flips=True)], likes="Moundou")
    assert mixed.kinds("Peru") == {"passage"}


def test_where_no_wrong_answer_is_preferred_instructions_serve(tmp_path: Path) -> None:
    mixed = Mix(tmp_path, [near("Peru"), mistake("Chad")], likes="Cusco")
    assert mixed.kinds("Peru") == {"normative", "extractive"}
    assert mixed.routes()["m-Peru"] == ("preferences", "instructions")


def test_a_model_that_cannot_be_scored_makes_no_preferences(tmp_path: Path) -> None:
    mixed = Mix(tmp_path, [near("Peru"), mistake("Chad")], can_score=False)
    assert "preference" not in mixed.kinds("Peru")
    assert any("no preferences are made" in line for line in mixed.said)


def test_a_doubted_key_gets_nothing(tmp_path: Path) -> None:
    mixed = Mix(tmp_path, [mistake("Togo"), mistake("Chad", kind="doubtful_key")])
    assert mixed.kinds("Chad") == set()
    assert mixed.routes()["m-Chad"] == ("", "")


def test_a_wrong_answer_that_the_passage_tells_is_not_rejected(tmp_path: Path) -> None:
    """It may be right as well."""
    told = replace(passage("Peru"), text=f"{passage('Peru').text} Moundou is another.")
    told = Passage.make(**{name: getattr(told, name) for name in ("title", "text", "source", "licence", "hits")})
    mixed = Mix(tmp_path, [near("Peru"), mistake("Chad")], likes="Moundou", passages=[told, passage("Chad")])
    assert "preference" not in mixed.kinds("Peru")


@pytest.mark.parametrize("lettered", [False, True])
def test_own_questions_are_preferred_where_that_is_asked_for_and_say_so(tmp_path: Path, lettered: bool) -> None:
    usual, own = (
        Mix(tmp_path / str(asked), [near("Peru")], likes="Moundou", own_preferences=asked, lettered=lettered)
        for asked in (False, True)
    )
    question = attempt("Peru").id
    assert not any(row.own_pairs for row in usual.rows)
    (row,) = [row for row in own.rows if row.own_pairs]
    assert (row.kind, row.own_pairs, row.parents) == ("preference", (question,), ("m-Peru", question))
    assert (row.completion, row.rejected) == ((" B", " A") if lettered else (" Lima", " Cusco"))


def test_a_preference_is_in_the_form_of_the_task(tmp_path: Path) -> None:
    """Here choices with letters: a wrong letter is rejected where the model likes it."""
    mixed = Mix(tmp_path, [near(land) for land in LAND], likes="A", lettered=True, seed=1)
    made = [row for row in mixed.rows if row.kind == "preference"]
    assert made
    assert {(row.completion, row.rejected) for row in made} == {(" B", " A")}
    assert all("\nA. " in row.prompt for row in made)


def test_what_shares_a_row_is_served_by_it(tmp_path: Path) -> None:
    """Text about both a fact and a form is kept once, and names both."""
    both = passage("Togo")
    hits = (*both.hits, Hit(mistake_id="m-Chad", query="Chad", score=1.0))
    mixed = Mix(tmp_path, [mistake("Togo"), mistake("Chad", kind="schema")], passages=[replace(both, hits=hits)])
    assert {row.kind for row in mixed.rows} == {"passage", "normative", "extractive"}
    assert all({"m-Togo", "m-Chad"} <= set(row.parents) for row in mixed.rows)


def test_the_other_mixers_options_and_version_decide_the_result(tmp_path: Path) -> None:
    ctx = make_context(tmp_path)
    prints = {
        Router(Router.Options(options=options)).fingerprint(ctx) for options in ({}, {"review": 3}, {"review": 4})
    }
    assert len(prints) == 3


def test_a_mixer_of_other_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgets(Router):
        name = "forgets"
        kinds = Router.kinds | {"forget"}

    monkeypatch.setattr("cem_continual.router.find_component", lambda role, name: Forgets)
    with pytest.raises(CemError, match="forgets makes rows of kind forget, which router cannot route"):
        Router(Router.Options(mixer="forgets")).check(make_context(tmp_path))
