"""The figures of a run: counts, statistics, and what a round is compared with."""

import json
import math

import pytest

from conftest import Evolve


def test_it_is_json_and_says_the_same_twice(evolve: Evolve) -> None:
    run = evolve(arms=["random"], seeds=2)
    assert json.loads(json.dumps(run.summary())) == json.loads(json.dumps(run.summary()))


def test_changes_agree_with_the_counts(evolve: Evolve) -> None:
    (turn,) = evolve(general=["capitals-general"]).summary()["rounds"]
    for name, change in turn["changes"].items():
        outcome = turn["general"]["capitals-general"] if name.startswith("general: ") else turn[name]
        assert {field: change[field] for field in outcome} == outcome
        assert change["points"] == pytest.approx((outcome["fixed"] - outcome["broken"]) / outcome["n"])
        assert change["low"] <= change["points"] <= change["high"]
    assert "general: capitals-general" in turn["changes"]


def test_accuracy_is_told_of_every_round_over_the_same_questions(evolve: Evolve) -> None:
    accuracy = evolve(rounds=2, mixer={"token_budget": 90}).summary()["accuracy"]
    assert len(accuracy) == 3
    assert len({tuple((name, share["n"]) for name, share in turn.items()) for turn in accuracy}) == 1
    assert accuracy[0]["mined"]["right"] < accuracy[1]["mined"]["right"] <= accuracy[2]["mined"]["right"]


def test_what_a_rejected_round_reviewed_counts_as_reviewed_in_that_round_alone(evolve: Evolve) -> None:
    run = evolve(rounds=2, trainer={"forgets": 20}, mixer={"token_budget": 120, "review": 3})
    own = [{pair for row in turn.rows for pair in row.own_pairs} for turn in run.rounds]
    assert own[0] != own[1], "the second round reviews others"
    assert [turn["reviewed"]["n"] for turn in run.summary()["rounds"]] == [len(own[0]), len(own[1])]


def test_what_accepted_rounds_reviewed_adds_up(evolve: Evolve) -> None:
    run = evolve(rounds=2, mixer={"token_budget": 90, "review": 2})
    own = [{pair for row in turn.rows for pair in row.own_pairs} for turn in run.rounds]
    assert run.summary()["rounds"][1]["reviewed"]["n"] == len(own[0] | own[1])


def test_perplexity_is_that_of_the_starting_model_and_of_the_rounds(evolve: Evolve) -> None:
    (turn,) = evolve(trainer={"forgets": 19}, gate={"perplexity": 0.1}).summary()["rounds"]
    neutral = turn["neutral"]
    assert math.log(neutral["perplexity_after"]) == pytest.approx(1.5 * math.log(neutral["perplexity_before"]))
    assert any("perplexity" in reason for reason in turn["gate"]["reasons"])


def test_mistakes_are_counted_by_where_their_answer_stands(evolve: Evolve) -> None:
    """Sources name every town; a limit of one piece a mistake keeps the sentence that names it."""
    run = evolve(pieces={"per_mistake": 1}, arms=["random"])
    (turn,) = run.summary()["rounds"]
    wrong, fixed = turn["mined"]["n"] - turn["mined"]["right_before"], turn["mined"]["fixed"]
    assert turn["told"]["trained"] == {"wrong": wrong, "fixed": fixed}
    assert turn["told"]["shown"] == turn["told"]["not_shown"] == {"wrong": 0, "fixed": 0}
    assert turn["told"]["knowledge"]["trained"]["wrong"] == turn["mistakes"].get("knowledge", 0)
    assert turn["arms"]["random"]["told"]["trained"]["wrong"] == wrong


def test_the_matrix_watches_held_out_questions_and_each_rounds_mistakes(evolve: Evolve) -> None:
    summary = evolve(rounds=2, general=["capitals-general"], mixer={"token_budget": 90}).summary()
    matrix = summary["forgetting"]
    assert {"held_out", "siblings", "general: capitals-general", "mistakes of round 1"} <= set(matrix["labels"])
    column = matrix["labels"].index("mistakes of round 1")
    assert matrix["matrix"][0][column] == 0, "they were mistakes"
    assert matrix["matrix"][1][column] > 0
    assert matrix["trained_in"][column] == 1
    assert matrix["backward_transfer"] == pytest.approx(matrix["matrix"][2][column] - matrix["matrix"][1][column])
