"""Starting from the answers that `lm_eval --log_samples` left on disk."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cem_lm_eval import running
from cem_lm_eval.evaluator import LmEval
from cem_toolkit.api import Attempt, CemError, Context

Make = Callable[..., str]
CHOICE = (
    'output_type: multiple_choice\ndoc_to_text: "Question: {{question}}\\nAnswer:"\ndoc_to_choice: choices\n'
    "doc_to_target: answer\nmetric_list: [{metric: acc}, {metric: acc_norm}]\n"
)
FREE = (
    'doc_to_text: "Question: {{question}}\\nAnswer:"\ndoc_to_target: "{{choices[answer]}}"\n'
    'generation_kwargs: {until: ["\\n"], do_sample: false, max_gen_toks: 8}\nmetric_list: [{metric: exact_match}]\n'
    "filter_list:\n  - {name: whole, filter: [{function: take_first}]}\n"
    '  - {name: word, filter: [{function: regex, regex_pattern: "([a-z]+)"}, {function: take_first}]}\n'
)


def options(**chosen: Any) -> Any:
    return LmEval.Options(dtype="float32", device="cpu", **chosen)


@pytest.fixture
def ctx0(ctx: Context) -> Context:
    return replace(ctx, round=0)


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise AssertionError("the model was run")

    monkeypatch.setattr(running, "run", fail)


def nearly(attempts: Sequence[Attempt]) -> list[Attempt]:
    """`attempts`, equal to those that other batches gave other last digits."""
    return [replace(attempt, scores=pytest.approx(attempt.scores, abs=1e-4)) for attempt in attempts]


def save_logs(folder: Path, task: str, evaluated: dict[str, Any], date: str = "2026-01-31T12-00-00.0") -> None:
    """Writes samples by lm-eval's own tracker."""
    from lm_eval.loggers import EvaluationTracker

    tracker = EvaluationTracker(output_path=str(folder))
    tracker.general_config_tracker.model_name_sanitized = "model"
    tracker.date_id = date
    tracker.save_results_samples(task_name=task, samples=evaluated[task])


def run_and_log(task: str, ctx: Context, folder: Path, **chosen: Any) -> list[Any]:
    """The attempts of a direct evaluation, whose samples are logged to `folder`."""
    evaluated = {}

    def run(*arguments: Any) -> Any:
        evaluated.update(direct(*arguments))
        return evaluated

    direct = running.run
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "run", run)
        attempts = list(LmEval(options(**chosen)).evaluate([task], ctx))
    for name in evaluated:
        save_logs(folder, name, evaluated)
    return attempts


@pytest.mark.parametrize("lines", [CHOICE, FREE], ids=["multiple choice", "free text"])
def test_attempts_from_a_log_equal_the_direct_ones(
    lines: str, yaml_task: Make, rows: Any, ctx0: Context, tmp_path: Path, recorder: Any, request: Any
) -> None:
    task = yaml_task("my_task", rows, lines)
    direct = run_and_log(task, ctx0, tmp_path / "out")
    request.getfixturevalue("no_model")
    assert LmEval(options(logs="out")).evaluate([task], ctx0) == direct
    (line,) = recorder.lines
    assert line == (
        "task 'my_task': the answers of 6 questions are read from samples_my_task_2026-01-31T12-00-00.0.jsonl, "
        "no model is run"
    )


def test_a_question_file_logged_under_a_yaml_of_the_users(
    yaml_task: Make, write: Make, rows: Any, ctx0: Context, tmp_path: Path, request: Any
) -> None:
    """With more columns, in another order, and twice the same question."""
    docs = [{**row, "comment": number} for number, row in enumerate([*reversed(rows), rows[0]])]
    run_and_log(yaml_task("capitals", docs, CHOICE), ctx0, tmp_path / "out")
    direct = LmEval(options()).evaluate([write("capitals.jsonl", rows)], ctx0)
    request.getfixturevalue("no_model")
    assert LmEval(options(logs="out")).evaluate(["capitals.jsonl"], ctx0) == nearly(direct)
    write("renamed.jsonl", rows)
    (path,) = (tmp_path / "out").rglob("samples_*.jsonl")
    single = list(LmEval(options(logs=str(path))).evaluate(["renamed.jsonl"], ctx0))
    assert [replace(attempt, task="capitals") for attempt in single] == nearly(direct)


def test_limit_takes_the_first_questions_of_a_log(write: Make, rows: Any, ctx0: Context, tmp_path: Path) -> None:
    direct = run_and_log(write("q.jsonl", rows), ctx0, tmp_path / "out")
    assert LmEval(options(logs="out", limit=2)).evaluate(["q.jsonl"], ctx0) == direct[:2]


def test_other_prompts_are_pointed_out(write: Make, rows: Any, ctx0: Context, tmp_path: Path, recorder: Any) -> None:
    run_and_log(write("q.jsonl", rows), ctx0, tmp_path / "out", num_fewshot=1)
    LmEval(options(logs="out")).evaluate(["q.jsonl"], ctx0)
    assert any("6 of 6 prompts in" in line for line in recorder.lines)
    recorder.lines.clear()
    LmEval(options(logs="out", num_fewshot=1)).evaluate(["q.jsonl"], ctx0)
    assert len(recorder.lines) == 1
    LmEval(options(logs="out", num_fewshot=1)).evaluate(["q.jsonl"], replace(ctx0, chat_template=True))
    assert any("6 of 6 prompts in" in line for line in recorder.lines)


def test_later_rounds_run_the_model(write: Make, rows: Any, ctx: Context, no_model: None) -> None:
    with pytest.raises(AssertionError, match="the model was run"):
        LmEval(options(logs="out")).evaluate([write("q.jsonl", rows)], ctx)


def test_the_newest_log_counts(write: Make, rows: Any, ctx0: Context, tmp_path: Path, recorder: Any) -> None:
    run_and_log(write("q.jsonl", rows), ctx0, tmp_path / "out")
    (old,) = (tmp_path / "out").rglob("samples_*.jsonl")
    new = old.with_name("samples_q_2026-02-01T00-00-00.0.jsonl")
    new.write_bytes(old.read_bytes())
    LmEval(options(logs="out")).evaluate(["q.jsonl"], ctx0)
    assert new.name in recorder.lines[0]


def test_what_a_log_lacks(write: Make, rows: Any, ctx0: Context, tmp_path: Path) -> None:
    run_and_log(write("q.jsonl", rows[:4]), ctx0, tmp_path / "out")
    write("q.jsonl", rows)
    with pytest.raises(CemError, match=r"lacks 2 of 6 questions of the task 'q', first .*Italy"):
        LmEval(options(logs="out")).evaluate(["q.jsonl"], ctx0)
    write("other.jsonl", rows)
    write("third.jsonl", rows)
    with pytest.raises(CemError, match=r"none of samples_q_.*\.jsonl is of the task 'other'"):
        LmEval(options(logs="out")).evaluate(["other.jsonl", "third.jsonl"], ctx0)
    (path,) = (tmp_path / "out").rglob("samples_*.jsonl")
    path.write_text("{}\n")
    with pytest.raises(CemError, match="not a log of `lm_eval --log_samples`"):
        LmEval(options(logs="out")).evaluate(["q.jsonl"], ctx0)
    path.write_text("{\n")
    with pytest.raises(CemError, match="not JSON Lines"):
        LmEval(options(logs="out")).evaluate(["q.jsonl"], ctx0)


def test_logs_that_are_not_there(ctx0: Context) -> None:
    with pytest.raises(CemError, match=r"logs: no samples_\*\.jsonl"):
        LmEval(options(logs="nowhere")).check(ctx0)


def test_fingerprint_follows_the_logs_in_round_0_only(ctx: Context, write: Make) -> None:
    evaluator = LmEval(options(logs="out"))
    contexts = [replace(ctx, round=0), ctx]
    write("out/samples_q_1.jsonl", "{}")
    before = [evaluator.fingerprint(each) for each in contexts]
    write("out/samples_q_1.jsonl", "{ }")
    after = [evaluator.fingerprint(each) for each in contexts]
    assert before[0] != after[0]
    assert before[1] == after[1]


@pytest.mark.slow
def test_a_log_of_the_command_line(
    yaml_task: Make, write: Make, rows: Any, ctx0: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lm_eval.__main__ import cli_evaluate

    yaml_task("capitals", rows, CHOICE)
    command = ["lm_eval", "run", "--model", "hf", "--model_args", f"pretrained={ctx0.model.path},dtype=float32"]
    command += [
        "--tasks",
        "capitals",
        "--include_path",
        str(tmp_path / "tasks"),
        "--device",
        "cpu",
        "--batch_size",
        "16",
    ]
    command += ["--log_samples", "--output_path", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", command)
    cli_evaluate()
    direct = LmEval(options()).evaluate([write("capitals.jsonl", rows)], ctx0)
    assert LmEval(options(logs="out")).evaluate(["capitals.jsonl"], ctx0) == nearly(direct)
    (results,) = (tmp_path / "out").rglob("results_*.json")
    accuracy = json.loads(results.read_text())["results"]["capitals"]["acc,none"]
    assert accuracy == sum(attempt.correct for attempt in direct) / len(rows)
