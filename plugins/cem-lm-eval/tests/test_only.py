"""Asking some of a task's questions: the same answers as when all are asked, and no more work than for these."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from cem_lm_eval import models
from cem_lm_eval.evaluator import LmEval
from cem_toolkit.api import Attempt, Context

Make = Callable[..., str]


def evaluate(tasks: Sequence[str], ctx: Context, **chosen: Any) -> list[Attempt]:
    return list(LmEval(LmEval.Options(dtype="float32", device="cpu", **chosen)).evaluate(tasks, ctx))


def same(some: Sequence[Attempt], every: Sequence[Attempt]) -> None:
    """Whether `some` are attempts of `every`, in this order, to rounding."""
    by_id = {(attempt.task, attempt.id): attempt for attempt in every}
    whole = [by_id[attempt.task, attempt.id] for attempt in some]
    assert [replace(attempt, scores=()) for attempt in some] == [replace(attempt, scores=()) for attempt in whole]
    for one, other in zip(some, whole, strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-4)


@pytest.mark.parametrize("shots", [0, 2])
def test_a_question_has_the_same_answer_whether_all_are_asked_or_some(
    write: Make, rows: Any, ctx: Context, recorder: Any, shots: int
) -> None:
    file = write("capitals.jsonl", rows)
    every = evaluate([file], ctx, num_fewshot=shots)
    only = frozenset(attempt.id for attempt in every[1::2])
    some = evaluate([file], replace(ctx, only=only), num_fewshot=shots)
    assert [attempt.id for attempt in some] == [attempt.id for attempt in every[1::2]]
    same(some, every)
    assert recorder.steps["evaluate"] == [12, 12], "four choices of each of three questions were scored"


def test_free_text_is_generated_for_those_asked_alone(write: Make, ctx: Context, recorder: Any) -> None:
    file = write("sums.jsonl", [{"question": f"What is {n} + {n}?", "answer": str(2 * n)} for n in range(6)])
    every = evaluate([file], ctx, num_fewshot=1, max_gen_toks=4)
    some = evaluate([file], replace(ctx, only=frozenset({every[4].id})), num_fewshot=1, max_gen_toks=4)
    assert some == [every[4]]
    assert recorder.steps["evaluate"] == [1, 1]


def test_questions_that_only_their_prompts_tell_apart_keep_their_ids(
    yaml_task: Make, ctx: Context, recorder: Any
) -> None:
    docs = [{"question": "Which?", "text": f"Of {n}: which?", "answer": n % 2} for n in (1, 2, 2, 3)]
    lines = 'output_type: multiple_choice\ndoc_to_text: "{{text}}"\ndoc_to_choice: [odd, even]\ndoc_to_target: answer\n'
    task = yaml_task("which", docs, lines)
    every = evaluate([task], ctx)
    assert len(every) == 3, "one is there twice"
    for attempt in every:
        some = evaluate([task], replace(ctx, only=frozenset({attempt.id})))
        assert [one.id for one in some] == [attempt.id]
        same(some, every)
        assert recorder.steps["evaluate"] == [2, 2]


def test_training_questions_are_chosen_as_well(write: Make, rows: Any, ctx: Context, recorder: Any) -> None:
    parted = [row | {"split": "train" if number % 2 else "test"} for number, row in enumerate(rows)]
    file = write("parted.jsonl", parted)
    every = evaluate([file], ctx, num_fewshot=1)
    asked = [next(attempt for attempt in every if attempt.part == part) for part in ("test", "train")]
    some = evaluate([file], replace(ctx, only=frozenset(attempt.id for attempt in asked)), num_fewshot=1)
    assert [attempt.part for attempt in some] == ["test", "train"]
    same(some, every)
    assert recorder.steps["evaluate training part"] == [4, 4]


def test_where_nothing_is_asked_of_a_task_the_model_does_nothing(
    write: Make, rows: Any, ctx: Context, recorder: Any
) -> None:
    first, second = write("first.jsonl", rows[:3]), write("second.jsonl", rows[3:])
    every = evaluate([first, second], ctx)
    some = evaluate([first, second], replace(ctx, only=frozenset({every[0].id})))
    assert [attempt.task for attempt in some] == ["first"]
    assert evaluate([second], replace(ctx, only=frozenset({every[0].id}))) == []
    assert recorder.steps["evaluate"] == [0, 0]


def test_the_model_answers_everything_again_afterwards(write: Make, rows: Any, ctx: Context) -> None:
    evaluator = LmEval(LmEval.Options(dtype="float32", device="cpu"))
    evaluator.evaluate([write("capitals.jsonl", rows)], replace(ctx, only=frozenset()))
    assert models.load(ctx.model, evaluator.options).wanted is None
    assert all(evaluator.generate(["What is the capital of Italy?"], 4, ctx))
