"""A task's own training questions, asked beside its test questions."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cem_lm_eval import running
from cem_lm_eval.evaluator import LmEval
from cem_lm_eval.library import Library
from cem_lm_eval.parts import own_parts
from cem_lm_eval.specs import parse_tasks
from cem_toolkit.api import Attempt, CemError, Context

Make = Callable[..., str]
CHOICE = (
    'test_split: test\noutput_type: multiple_choice\ndoc_to_text: "Question: {{question}}\\nAnswer:"\n'
    "doc_to_choice: choices\ndoc_to_target: answer\n"
)


def options(**chosen: Any) -> Any:
    return LmEval.Options(dtype="float32", device="cpu", **chosen)


def evaluate(task: str, ctx: Context, **chosen: Any) -> list[Attempt]:
    return list(LmEval(options(**chosen)).evaluate([task], ctx))


def parts(attempts: list[Attempt]) -> list[str]:
    return [attempt.part for attempt in attempts]


@pytest.fixture
def two_parts(write: Make, rows: Any, tmp_path: Path) -> str:
    """A task with two test questions and four to train with; the first training question is a test question too."""
    data = {"test": write("test.data.jsonl", rows[:2]), "train": write("train.data.jsonl", [rows[0], *rows[2:5]])}
    files = json.dumps({split: str(tmp_path / name) for split, name in data.items()})
    return write(
        "t.yaml",
        f"task: t\ndataset_path: json\ndataset_kwargs: {{data_files: {files}}}\ntraining_split: train\n" + CHOICE,
    )


def test_training_questions_are_asked_in_the_same_way(two_parts: str, write: Make, rows: Any, ctx: Context) -> None:
    plain, both = evaluate(two_parts, ctx), evaluate(two_parts, ctx, mine_train=True)
    assert parts(plain) == ["", ""]
    assert parts(both) == ["test", "test", "train", "train", "train"]
    assert [replace(attempt, part="") for attempt in both[:2]] == plain
    assert [attempt.question for attempt in both] == [row["question"] for row in rows[:5]]
    assert {attempt.task for attempt in both} == {"t"}
    alone = evaluate(write("q.jsonl", rows[2:5]), ctx)
    assert [attempt.scores for attempt in both[2:]] == [pytest.approx(a.scores, abs=1e-4) for a in alone]


def test_each_part_has_its_limit(two_parts: str, ctx: Context) -> None:
    assert parts(evaluate(two_parts, ctx, mine_train=True, limit=1)) == ["test"]  # and the same question to train with
    assert parts(evaluate(two_parts, ctx, mine_train=True, limit=1, train_limit=3)) == ["test", "train", "train"]
    assert parts(evaluate(two_parts, ctx, mine_train=True, train_limit=2)) == ["test", "test", "train"]


def test_counts_and_fingerprint_take_in_both_parts(two_parts: str, write: Make, rows: Any, ctx: Context) -> None:
    def counted(**chosen: Any) -> int:
        return LmEval(options(**chosen)).count_questions([two_parts], ctx)["t"][0]

    def fingerprint() -> str:
        return LmEval(options(mine_train=True)).fingerprint_tasks([two_parts], ctx)

    assert (counted(), counted(mine_train=True), counted(mine_train=True, limit=1, train_limit=2)) == (2, 6, 3)
    before = fingerprint()
    write("train.data.jsonl", rows[2:6])
    assert fingerprint() != before


def test_a_training_question_is_no_example_before_itself(two_parts: str, ctx: Context) -> None:
    (task,) = Library(parse_tasks([two_parts], ctx.config_folder)).tasks.values()
    chosen = options(mine_train=True, num_fewshot=3)
    asked = own_parts(task, mine_train=True)
    before = running.build_prompts(task, chosen, ctx)
    for prompt in running.build_prompts(asked["train"], chosen, ctx):
        *examples, question = prompt.split("\n\n")
        assert len(examples) == 3
        assert not any(example.startswith(question) for example in examples)
    assert running.build_prompts(task, chosen, ctx) == before


def test_a_task_without_training_questions(
    yaml_task: Make, two_parts: str, rows: Any, ctx: Context, recorder: Any
) -> None:
    other = yaml_task("other", rows, CHOICE.removeprefix("test_split: test\n"))
    with pytest.raises(CemError, match="mine_train: no training questions in other; turn it off"):
        evaluate(other, ctx, mine_train=True)
    evaluator = LmEval(options(mine_train=True))
    assert set(parts(list(evaluator.evaluate([two_parts, other], ctx)))) == {"test", "train", ""}
    assert recorder.lines == ["task 'other': has no training questions of its own"]
    assert set(parts(list(evaluator.evaluate([other], ctx)))) == {
        ""
    }  # as the core asks general tasks, after the others


def test_logs_stand_in_for_test_questions_alone(
    two_parts: str, ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct = evaluate(two_parts, ctx, mine_train=True)
    asked: list[str] = []

    def run(tasks: Any, options: Any, ctx: Context, limit: Any, label: str = "evaluate", wanted: Any = None) -> Any:
        asked.append(label)
        return original(tasks, options, ctx, limit, label, wanted)

    original = running.run
    loaded = Library(parse_tasks([two_parts], ctx.config_folder)).tasks
    samples = original(loaded, options(), ctx, None)["t"]
    lines = [
        {
            **sample,
            "arguments": {
                f"gen_args_{n}": dict(zip(("arg_0", "arg_1"), pair, strict=True))
                for n, pair in enumerate(sample["arguments"])
            },
        }
        for sample in samples
    ]
    (tmp_path / "samples_t_2026.jsonl").write_text("".join(json.dumps(line, default=str) + "\n" for line in lines))
    monkeypatch.setattr(running, "run", run)
    chosen = {"mine_train": True, "logs": "samples_t_2026.jsonl"}
    assert evaluate(two_parts, replace(ctx, round=0), **chosen) == direct
    assert asked == ["evaluate training part"]


@pytest.mark.parametrize("order", [("train", "test"), ("test", "train")])
def test_a_question_files_own_parts(order: Any, write: Make, rows: Any, ctx: Context, recorder: Any) -> None:
    by_part = {"train": rows[:4], "test": rows[3:]}  # one question is in both
    name = write("q.jsonl", [{**row, "split": part} for part in order for row in by_part[part]])
    attempts = evaluate(name, ctx)
    assert {(a.question, a.part) for a in attempts} == {
        *((row["question"], "train") for row in rows[:3]),
        *((row["question"], "test") for row in rows[3:]),
    }
    assert len(attempts) == 6
    assert LmEval(options(limit=1)).count_questions([name], ctx)["q"][0] == 2
    LmEval(options(num_fewshot=2)).check_tasks([name], ctx)
    with pytest.raises(CemError, match="3 training questions are too few to show 3 others"):
        LmEval(options(num_fewshot=3)).check_tasks([name], ctx)


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_question_file_of_one_part(part: str, write: Make, rows: Any, ctx: Context) -> None:
    name = write("q.jsonl", [{**row, "split": part} for row in rows[:3]])
    assert parts(evaluate(name, ctx)) == [part] * 3


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        (("train", "dev"), r"q\.jsonl, line 2: the split 'dev' is neither 'train' nor 'test'"),
        (("train", ["test"]), r"q\.jsonl, line 2: the split \['test'\] is neither"),
        (("train", ""), r"q\.jsonl, line 2: has no split, unlike line 1"),
        ((None, "test"), r"q\.jsonl, line 2: has a split, unlike line 1"),
    ],
)
def test_splits_of_no_use(splits: Any, message: str, write: Make, rows: Any, ctx: Context) -> None:
    name = write("q.jsonl", [{**row, "split": split} for row, split in zip(rows, splits, strict=False)])
    with pytest.raises(CemError, match=message):
        LmEval().check_tasks([name], ctx)
