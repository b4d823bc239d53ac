"""The `lm-eval` evaluator."""

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from cem_lm_eval.counting import count, limited
from cem_lm_eval.fingerprints import hash_code, hash_files, hash_task
from cem_lm_eval.logs import log_files, read_logs
from cem_lm_eval.options import LmEvalOptions
from cem_lm_eval.questions import DELIMITER, QuestionFile, read_questions
from cem_lm_eval.specs import Spec, parse_tasks
from cem_toolkit.api import Attempt, CemError, Context, Evaluator, content_id

if TYPE_CHECKING:
    from lm_eval.api.task import ConfigurableTask

    from cem_lm_eval.library import Library


class LmEval(Evaluator):
    """Runs lm-eval tasks and plain question files through lm-eval itself."""

    name = "lm-eval"
    version = "1"
    Options = LmEvalOptions
    options: LmEvalOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._libraries: dict[tuple[Spec, ...], Library] = {}

    def check(self, ctx: Context) -> None:
        if self.options.logs is not None:
            log_files(self.options.logs, ctx.config_folder)
        if ctx.chat_template and not _has_chat_template(ctx):
            raise CemError(f"the model {ctx.model.name} has no chat template; turn chat_template off")

    def fingerprint(self, ctx: Context) -> str:
        """Versions, precision and device as chosen on this machine, or the logs that stand in for the model."""
        if self._reads_logs(ctx):
            return hash_files(log_files(self.options.logs or (), ctx.config_folder))
        from cem_lm_eval.device import choose_device, choose_dtype

        device = choose_device(self.options.device)
        dtype = choose_dtype(self.options.dtype, device)
        return content_id(
            device.partition(":")[0], dtype, str(ctx.chat_template), *map(version, ("lm_eval", "transformers", "torch"))
        )

    def check_tasks(self, tasks: Sequence[str], ctx: Context) -> None:
        """Quick: names are looked up and question files are read, but no dataset is fetched."""
        specs = parse_tasks(tasks, ctx.config_folder)
        for spec in specs:
            if spec.kind == "questions":
                self._check_file(read_questions(spec.path), ctx)
        if any(spec.kind != "questions" for spec in specs):
            self._library(specs).check()

    def fingerprint_tasks(self, tasks: Sequence[str], ctx: Context) -> str:
        """Of question files the content; of lm-eval's tasks definition and documents, which are fetched for it."""
        parts = []
        specs = parse_tasks(tasks, ctx.config_folder)
        for spec in specs:
            if spec.kind == "questions":
                parts += [spec.name, hash_files([spec.path])]
                continue
            parts += [text for task in self._library(specs).load(spec) for text in (task.task_name, hash_task(task))]
            parts.append(version("lm_eval") if spec.kind == "harness" else hash_code(spec.path))
        return content_id(*parts)

    def count_questions(self, tasks: Sequence[str], ctx: Context) -> Mapping[str, tuple[int, int]]:
        """Per task the questions asked under `limit`, and roughly the tokens of prompts and choices."""
        texts: dict[str, list[str]] = {}
        specs = parse_tasks(tasks, ctx.config_folder)
        for spec in specs:
            if spec.kind == "questions":  # without lm-eval, so that a dry run starts at once
                texts[spec.name] = _texts_of_file(spec)
            else:
                texts |= {task.task_name: _texts_of_task(task) for task in self._library(specs).load(spec)}
        return {
            name: count(of_task[: limited(len(of_task), self.options.limit)], ctx) for name, of_task in texts.items()
        }

    def evaluate(self, tasks: Sequence[str], ctx: Context) -> Iterable[Attempt]:
        """One attempt per question of every leaf task, by the model, or in round 0 by the option `logs`."""
        from cem_lm_eval import running
        from cem_lm_eval.attempts import make_attempts
        from cem_lm_eval.scoring import choose_filter, choose_metric

        loaded = self._library(parse_tasks(tasks, ctx.config_folder)).tasks
        for task in loaded.values():  # before hours of work, not after
            choose_metric(task, self.options)
            choose_filter(task, self.options)
        answer = read_logs if self._reads_logs(ctx) else running.run
        samples = answer(loaded, self.options, ctx)
        return [
            attempt
            for name, task in loaded.items()
            for attempt in make_attempts(task, samples[name], self.options, ctx.log)
        ]

    def generate(self, prompts: Sequence[str], max_tokens: int, ctx: Context) -> list[str]:
        """Greedy continuations, the prompts as user turns where the run uses the chat template.

        The model stays in memory for further calls until the stage ends or another model is wanted.
        """
        from cem_lm_eval import models

        return models.continuations(models.load(ctx.model, self.options), prompts, max_tokens, ctx) if prompts else []

    def _check_file(self, file: QuestionFile, ctx: Context) -> None:
        if file.duplicates:
            ctx.log(f"{file.path.name}: left out {file.duplicates} questions that stand there twice")
        shots = self.options.num_fewshot or 0
        if shots >= len(file.questions):
            raise CemError(
                f"{file.path}: {len(file.questions)} questions are too few to show {shots} others before each; "
                "lower num_fewshot"
            )

    def _reads_logs(self, ctx: Context) -> bool:
        return self.options.logs is not None and ctx.round == 0

    def _library(self, specs: Sequence[Spec]) -> "Library":
        """The tasks, loaded once for all the calls that name the same."""
        from cem_lm_eval.library import Library

        return self._libraries.setdefault(tuple(specs), Library(specs))


def _texts_of_file(spec: Spec) -> list[str]:
    return [
        question.prompt + "".join(DELIMITER + choice for choice in question.choices or (question.gold,))
        for question in read_questions(spec.path).questions
    ]


def _texts_of_task(task: "ConfigurableTask") -> list[str]:
    from cem_lm_eval.asked import describe

    asked = [question for doc in task.eval_docs if (question := describe(task, doc))]
    return [question.prompt + " ".join(question.offered or question.golds[:1]) for question in asked]


def _has_chat_template(ctx: Context) -> bool:
    folder = ctx.model.path
    if not folder.is_dir() or (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
        return True
    try:
        return "chat_template" in json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except OSError:
        return False
