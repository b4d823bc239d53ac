"""Answers that an earlier `lm_eval --log_samples` run left on disk, in place of running the model."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cem_lm_eval.options import LmEvalOptions
from cem_toolkit.api import CemError, Context, parse_json, question_id

if TYPE_CHECKING:
    from lm_eval.api.task import ConfigurableTask

    from cem_lm_eval.attempts import Sample


def log_files(logs: str | Sequence[str], config_folder: Path) -> list[Path]:
    """All `samples_*.jsonl` files that the option `logs` names. Raises CemError where there are none."""
    files: list[Path] = []
    for entry in [logs] if isinstance(logs, str) else logs:
        path = (config_folder / Path(entry).expanduser()).resolve()
        found = sorted(path.rglob("samples_*.jsonl")) if path.is_dir() else [path]
        if not found or not all(file.is_file() for file in found):
            raise CemError(f"logs: no samples_*.jsonl of `lm_eval --log_samples` in {path}; correct the path")
        files += found
    return files


def read_logs(
    tasks: "Mapping[str, ConfigurableTask]", options: LmEvalOptions, ctx: Context
) -> "dict[str, list[Sample]]":
    """The samples of every task as the newest log of it has them, for the questions that the task now has.

    Raises CemError where a task or some of its questions are in no log. Says so where the log's prompts differ from
    those that later rounds will use.
    """
    from cem_lm_eval.running import build_prompts

    files = log_files(options.logs or (), ctx.config_folder)
    samples = {}
    for name, task in tasks.items():
        path = _newest(name, files, only_task=len(tasks) == 1)
        prompts = build_prompts(task, options, ctx)
        samples[name] = found = _match(task, path, len(prompts))
        differing = sum(
            prompts[sample["doc_id"]] != sample["arguments"]["gen_args_0"]["arg_0"]
            for sample in found
            if sample["filter"] == found[0]["filter"]
        )
        ctx.log(f"task {name!r}: the answers of {len(prompts)} questions are read from {path.name}, no model is run")
        if differing:
            ctx.log(
                f"task {name!r}: {differing} of {len(prompts)} prompts in {path.name} differ from later rounds' "
                "(other examples, template or task version): part of what changes after round 0 may come from that"
            )
    return samples


def _newest(task: str, files: Sequence[Path], only_task: bool) -> Path:
    """The newest log of `task`; a single file is the log of a single task, whatever their names."""
    named = [file for file in files if file.stem.removeprefix("samples_").rpartition("_")[0] == task]
    if named:
        return max(named, key=lambda file: file.stem.rpartition("_")[2])
    if only_task and len(files) == 1:
        return files[0]
    raise CemError(
        f"logs: none of {', '.join(file.name for file in files)} is of the task {task!r}; "
        f"a log is named samples_{task}_DATE.jsonl"
    )


def _match(task: "ConfigurableTask", path: Path, count: int) -> "list[Sample]":
    """The log's samples of the task's first `count` documents, each with the document and number that it has there."""
    logged = defaultdict(list)
    for sample in _read(path):
        try:
            _check(task, sample)
            logged[_key(task, sample["doc"], _offered(task, sample))].append(sample)
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise CemError(f"{path}: not a log of `lm_eval --log_samples` of the task {task.task_name!r}") from error
    matched: list[Sample] = []
    missing = []
    for number, doc in zip(range(count), task.eval_docs, strict=False):
        offered = task.doc_to_choice(doc) if task.OUTPUT_TYPE == "multiple_choice" else ()
        found = logged.get(_key(task, doc, offered))
        if found is None:
            missing.append(number)
            continue
        # A question that stands in the log twice was answered alike.
        matched += {sample["filter"]: {**sample, "doc": doc, "doc_id": number} for sample in found}.values()
    if missing:
        first = task.doc_to_text(task.eval_docs[missing[0]])
        raise CemError(
            f"{path}: lacks {len(missing)} of {count} questions of the task {task.task_name!r}, first {first!r}; "
            "log the whole task, or set the same limit"
        )
    return matched


def _check(task: "ConfigurableTask", sample: Any) -> None:
    """Raises LookupError, TypeError or ValueError where it lacks what is asked of it later."""
    texts = (sample["filter"], sample["arguments"]["gen_args_0"]["arg_0"])
    if not all(isinstance(text, str) for text in texts) or not isinstance(sample["doc"], dict):
        raise TypeError("not as `--log_samples` writes it")
    if not all(isinstance(sample[name], list) for name in ("resps", "filtered_resps")):
        raise TypeError("no list of answers")
    if not isinstance(sample["metrics"], list) or not all(name in sample for name in sample["metrics"]):
        raise TypeError("no list of its metrics")
    if task.OUTPUT_TYPE == "multiple_choice":
        scores = [float(response[0]) for response in sample["filtered_resps"]]
        if len(scores) < len(sample["arguments"]):
            raise TypeError("not a score for each choice")


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        return [parse_json(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    except ValueError as error:
        raise CemError(f"{path}: not JSON Lines ({error}); make the log anew") from error


def _offered(task: "ConfigurableTask", sample: Mapping[str, Any]) -> list[str]:
    """The choices that the log says were scored."""
    if task.OUTPUT_TYPE != "multiple_choice":
        return []
    return [arguments["arg_1"].strip() for arguments in sample["arguments"].values()]


def _key(task: "ConfigurableTask", doc: Mapping[str, Any], offered: Sequence[str]) -> str:
    """What a document of the task and of its log have in common.

    A question file may have been logged under a YAML of the user's own, with columns that the task built here lacks:
    there question and choices count, in their order. Other tasks are the same, and so are their documents.
    """
    if task.config.custom_dataset is not None and "question" in doc:
        return question_id(doc["question"]) + "\x1f".join(choice.strip() for choice in offered)
    return json.dumps(doc, sort_keys=True, default=str)
