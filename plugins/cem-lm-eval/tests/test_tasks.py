"""Finding tasks: what a string means, what is unknown, out of reach or of no use."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datasets
import pytest
from lm_eval.tasks import TaskManager

from cem_lm_eval import library
from cem_lm_eval.evaluator import LmEval
from cem_toolkit.api import CemError, Context

CHOICE = "output_type: multiple_choice\ndoc_to_text: '{{question}}'\ndoc_to_choice: choices\ndoc_to_target: answer\n"
Make = Callable[..., str]


@pytest.fixture
def own_tasks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder that takes the place of lm-eval's own tasks, because reading those takes seconds."""
    folder = tmp_path / "own"
    folder.mkdir()

    def manager(include_path: list[Path], include_defaults: bool) -> TaskManager:
        return TaskManager(include_path=[folder] * include_defaults + include_path, include_defaults=False)

    monkeypatch.setattr(library, "TaskManager", manager)
    library._index.cache_clear()
    yield folder
    library._index.cache_clear()


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("gone.jsonl", r"gone\.jsonl: there is no such question file"),
        ("gone.yaml", "there is no file .*gone.yaml"),
        ("some/folder", "there is no file or folder"),
        ("notes.txt", r"question files end in \.jsonl, \.csv, \.parquet"),
    ],
)
def test_paths_where_nothing_usable_is(task: str, message: str, ctx: Context, write: Make) -> None:
    write("notes.txt", "?")
    with pytest.raises(CemError, match=message):
        LmEval().check_tasks([task], ctx)


def test_two_files_of_one_name(write: Make, rows: Any, ctx: Context) -> None:
    with pytest.raises(CemError, match="2 tasks are named 'q'"):
        LmEval().check_tasks([write("a/q.jsonl", rows), write("b/q.jsonl", rows)], ctx)


def test_unknown_name_suggests_the_nearest(own_tasks: Path, yaml_task: Make, rows: Any, ctx: Context) -> None:
    yaml_task("capitals", rows, CHOICE, folder="own")
    LmEval().check_tasks(["capitals"], ctx)
    with pytest.raises(CemError, match="there is no task 'capitols' in lm-eval; did you mean capitals"):
        LmEval().check_tasks(["capitols"], ctx)
    with pytest.raises(CemError, match="lm_eval ls tasks"):
        LmEval().check_tasks(["zzz"], ctx)


def test_names_groups_tags_folders_and_files(
    own_tasks: Path, yaml_task: Make, write: Make, rows: Any, ctx: Context
) -> None:
    yaml_task("one", rows[:1], CHOICE, folder="own")
    yaml_task("two", rows[:2], CHOICE + "tag: tagged\n", folder="own")
    write("own/group.yaml", "group: both\ntask: [one, two]\n")
    evaluator = LmEval()

    def counted(*tasks: str) -> dict[str, int]:
        evaluator.check_tasks(tasks, ctx)
        return {name: questions for name, (questions, _) in evaluator.count_questions(tasks, ctx).items()}

    assert counted("both") == {"one": 1, "two": 2}
    assert counted("tagged") == {"two": 2}
    assert counted("one", "two") == {"one": 1, "two": 2}
    assert counted("./own") == counted("own") == {"one": 1, "two": 2}
    assert counted("own/two.yaml") == {"two": 2}
    assert counted("own/group.yaml") == {"one": 1, "two": 2}
    assert counted("both", write("file.jsonl", rows)) == {"one": 1, "two": 2, "file": 6}


def test_a_file_named_like_a_task(yaml_task: Make, write: Make, rows: Any, ctx: Context) -> None:
    tasks = [yaml_task("same", rows, CHOICE), write("same.jsonl", rows)]
    with pytest.raises(CemError, match="is named like the task 'same'; rename the file"):
        LmEval().evaluate(tasks, ctx)


def test_yaml_that_is_no_task(write: Make, ctx: Context, tmp_path: Path) -> None:
    with pytest.raises(CemError, match="names no task"):
        LmEval().check_tasks([write("t.yaml", "dataset_path: json\n")], ctx)
    with pytest.raises(CemError, match="not a task of lm-eval"):
        LmEval().check_tasks([write("t.yaml", "task: [\n")], ctx)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CemError, match="no YAML file in this folder defines a task"):
        LmEval().check_tasks(["./empty"], ctx)


def test_dataset_out_of_reach(yaml_task: Make, rows: Any, ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(**_: Any) -> None:
        raise ConnectionError("Couldn't reach 'json' on the Hub (LocalEntryNotFoundError)")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(
        CemError, match=r"task 'tasks/t\.yaml': its dataset 'json' could not be loaded .* go online once"
    ):
        LmEval().fingerprint_tasks([yaml_task("t", rows, CHOICE)], ctx)


def test_task_that_cannot_be_built(yaml_task: Make, rows: Any, ctx: Context) -> None:
    task = yaml_task("t", rows, CHOICE.replace("{{question}}", "{{nothing}}"))
    with pytest.raises(CemError, match=r"lm-eval cannot build it .*'nothing' is undefined"):
        LmEval().evaluate([task], ctx)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("output_type: loglikelihood_rolling\ndoc_to_text: ''\ndoc_to_target: '{{question}}'\n", "word_perplexity"),
        (CHOICE.replace("doc_to_target: answer", "doc_to_target: golds"), "several choices of a question may be right"),
        (CHOICE + "unsafe_code: true\n", "runs code that the model wrote"),
        (
            "output_type: generate_until\ndoc_to_text: question\ndoc_to_target: group\nmetric_list: [{metric: bleu}]\n",
            "it has bleu",
        ),
        (CHOICE + "metric_list: [{metric: f1}]\n", "has no metric that calls an answer right or wrong; it has f1"),
    ],
)
def test_tasks_of_no_use(lines: str, message: str, yaml_task: Make, rows: Any, ctx: Context) -> None:
    task = yaml_task("t", [{**row, "golds": [0, 1]} for row in rows], lines)
    with pytest.raises(CemError, match=message):
        LmEval().evaluate([task], ctx)


def test_unknown_metric_and_filter_name_what_there_is(write: Make, rows: Any, yaml_task: Make, ctx: Context) -> None:
    with pytest.raises(CemError, match="has no metric 'f2'; it has acc, acc_norm"):
        LmEval(LmEval.Options(metric="f2")).evaluate([write("q.jsonl", rows)], ctx)
    task = yaml_task(
        "t",
        rows,
        "doc_to_text: question\ndoc_to_target: group\n"
        "filter_list: [{name: strict, filter: [{function: take_first}]}]\n",
    )
    with pytest.raises(CemError, match="has no filter 'loose'; it has strict"):
        LmEval(LmEval.Options(filter="loose")).evaluate([task], ctx)


def test_fingerprint_follows_questions_and_definitions(write: Make, yaml_task: Make, rows: Any, ctx: Context) -> None:
    def fingerprints() -> tuple[str, str]:
        evaluator = LmEval()
        return evaluator.fingerprint_tasks(["q.jsonl"], ctx), evaluator.fingerprint_tasks(["tasks/t.yaml"], ctx)

    write("q.jsonl", rows)
    yaml_task("t", rows, CHOICE)
    first = fingerprints()
    assert fingerprints() == first
    write("q.jsonl", rows[1:])
    yaml_task("t", rows, CHOICE.replace("{{question}}", "Q: {{question}}"))
    second = fingerprints()
    yaml_task("t", rows[1:], CHOICE.replace("{{question}}", "Q: {{question}}"))
    third = fingerprints()
    assert first[0] != second[0]
    assert len({first[1], second[1], third[1]}) == 3


def test_fingerprint_does_not_depend_on_options_set_before(yaml_task: Make, rows: Any, ctx: Context) -> None:
    task = yaml_task("t", rows, CHOICE)
    evaluator = LmEval(LmEval.Options(num_fewshot=1, limit=1))
    before = evaluator.fingerprint_tasks([task], ctx)
    evaluator.evaluate([task], ctx)
    assert evaluator.fingerprint_tasks([task], ctx) == before


def test_counts_apply_the_limit_and_scale_a_sample(write: Make, rows: Any, ctx: Context) -> None:
    many = [{**rows[0], "question": f"number {number} ?"} for number in range(1000)]
    name = write("q.jsonl", many)
    assert LmEval().count_questions([name], ctx) == {"q": (1000, 1000 * 9)}  # Question: number 1 ? Answer: + 4 choices
    assert LmEval(LmEval.Options(limit=10)).count_questions([name], ctx) == {"q": (10, 90)}
    assert LmEval(LmEval.Options(limit=0.0015)).count_questions([name], ctx) == {"q": (2, 18)}
    assert LmEval(LmEval.Options(limit=5000)).count_questions([name], ctx)["q"][0] == 1000


@pytest.mark.slow
def test_lm_evals_own_tasks_are_known(ctx: Context) -> None:
    with pytest.raises(CemError, match="did you mean mmlu_anatomy or"):
        LmEval().check_tasks(["mmlu", "gsm8k", "mmlu_anatmy"], ctx)
