"""The `lm-eval` evaluator."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from cem_lm_eval import backends
from cem_lm_eval.counting import count_parts, texts_of_file, texts_of_task
from cem_lm_eval.fingerprints import hash_code, hash_files, hash_task
from cem_lm_eval.logs import log_files, read_logs
from cem_lm_eval.options import LmEvalOptions
from cem_lm_eval.questions import Part, QuestionFile, read_questions
from cem_lm_eval.specs import Spec, parse_tasks
from cem_lm_eval.templates import compiled_once
from cem_toolkit.api import Attempt, CemError, Context, Evaluator, content_id, parse_json

if TYPE_CHECKING:
    from cem_lm_eval.attempts import Sample
    from cem_lm_eval.library import Library
    from cem_lm_eval.parts import Parts
    from cem_lm_eval.reporting import Reporting


class LmEval(Evaluator):
    """Runs lm-eval tasks and plain question files through lm-eval itself."""

    name = "lm-eval"
    version = "4"
    Options = LmEvalOptions
    options: LmEvalOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._libraries: dict[tuple[Spec, ...], Library] = {}
        self._found_training = False

    def check(self, ctx: Context) -> None:
        if self.options.logs is not None:
            log_files(self.options.logs, ctx.config_folder)
        if ctx.chat_template and not _has_chat_template(ctx):
            raise CemError(f"the model {ctx.model.name} has no chat template; turn chat_template off")
        backends.check(self.options, ctx)

    def fingerprint(self, ctx: Context) -> str:
        """The back end with its versions, precision and device as chosen on this machine, and the logs that stand in
        for the model."""
        logs = hash_files(log_files(self.options.logs or (), ctx.config_folder)) if self._reads_logs(ctx) else ""
        if logs and not self.options.mine_train:
            return logs
        known = content_id(*backends.identity(self.options), str(ctx.chat_template))
        return content_id(known, logs) if logs else known

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
        from cem_lm_eval.parts import own_parts

        parts = []
        specs = parse_tasks(tasks, ctx.config_folder)
        for spec in specs:
            if spec.kind == "questions":
                parts += [spec.name, hash_files([spec.path])]
                continue
            for task in self._library(specs).load(spec):
                training = own_parts(task, self.options.mine_train).get("train")
                parts += [task.task_name, hash_task(task, training)]
            parts.append(version("lm_eval") if spec.kind == "harness" else hash_code(spec.path))
        return content_id(*parts)

    def count_questions(self, tasks: Sequence[str], ctx: Context) -> Mapping[str, tuple[int, int]]:
        """Per task the questions of all its parts that the limits let be asked, and roughly the tokens of prompts and
        choices."""
        texts: dict[str, dict[Part, list[str]]] = {}
        specs = parse_tasks(tasks, ctx.config_folder)
        for spec in specs:
            if spec.kind == "questions":
                texts[spec.name] = texts_of_file(read_questions(spec.path))
                continue
            from cem_lm_eval.parts import own_parts

            for task in self._library(specs).load(spec):
                texts[task.task_name] = texts_of_task(own_parts(task, self.options.mine_train))
        return {name: count_parts(of_task, self.options, ctx) for name, of_task in texts.items()}

    @compiled_once()
    def evaluate(self, tasks: Sequence[str], ctx: Context) -> Iterable[Attempt]:
        """One attempt per question of every leaf task, by the model, or in round 0 by the option `logs`; a question
        that stands in a task's training part too is given once, as one of its test part. Of `ctx.only` no others.

        The model stays in memory for further calls until a stage trains or another model is wanted.
        """
        from cem_lm_eval.attempts import make_attempts, with_distinct_ids
        from cem_lm_eval.parts import own_parts
        from cem_lm_eval.scoring import choose_filter, choose_metric

        loaded = self._library(parse_tasks(tasks, ctx.config_folder)).tasks
        for task in loaded.values():  # before hours of work, not after
            choose_metric(task, self.options)
            choose_filter(task, self.options)
        parts = {name: own_parts(task, self.options.mine_train) for name, task in loaded.items()}
        self._check_training(parts, ctx)
        reported, training = self._answer(parts, ctx)
        attempts: list[Attempt] = []
        for name, of_task in parts.items():
            of_parts = [
                replace(attempt, part=part)
                for part, task in of_task.items()
                for attempt in make_attempts(
                    task, (training if part == "train" else reported)[name], self.options, ctx.log
                )
            ]
            attempts += with_distinct_ids(of_parts)
        return [attempt for attempt in attempts if ctx.only is None or attempt.id in ctx.only]

    def generate(self, prompts: Sequence[str], max_tokens: int, ctx: Context) -> list[str]:
        """Greedy continuations, the prompts as user turns where the run uses the chat template.

        The model stays in memory for further calls until a stage trains or another model is wanted.
        """
        return self._model(ctx).continuations(prompts, max_tokens, ctx) if prompts else []

    def score(self, pairs: Sequence[tuple[str, Sequence[str]]], ctx: Context) -> list[tuple[float, ...]]:
        """Log-likelihoods in nats, as lm-eval has them (`cem_lm_eval.likelihood.score`), by the model as `generate`
        keeps it."""
        return self._model(ctx).score(pairs, ctx) if pairs else []

    def _model(self, ctx: Context) -> "Reporting":
        from cem_lm_eval import models, running

        return models.load(ctx.model, self.options, running.logs_of(ctx))

    def _answer(
        self, parts: "Mapping[str, Parts]", ctx: Context
    ) -> "tuple[Mapping[str, list[Sample]], Mapping[str, list[Sample]]]":
        """The samples by task, first of questions that are only reported or not parted, then of training questions:
        these have a limit of their own, and are in no log."""
        from cem_lm_eval import running
        from cem_lm_eval.attempts import find_documents

        wanted: dict[bool, dict[str, set[int]]] = {False: {}, True: {}}  # True: of training questions
        for name, of_task in parts.items() if ctx.only is not None else ():
            for part, documents in find_documents(of_task, self.options, ctx.only or ()).items():
                wanted[part == "train"][name] = documents
        training = {name: of_task["train"] for name, of_task in parts.items() if "train" in of_task}
        reported = {name: task for name, of_task in parts.items() for part, task in of_task.items() if part != "train"}
        first: Mapping[str, list[Sample]] = {}
        if self._reads_logs(ctx):
            first = read_logs(reported, self.options, ctx)
        elif reported:
            first = running.run(reported, self.options, ctx, self.options.limit, "evaluate", wanted[False] or None)
        if not training:
            return first, {}
        limit, label = self.options.limit_of("train"), "evaluate training part"
        return first, running.run(training, self.options, ctx, limit, label, wanted[True] or None)

    def _check_training(self, parts: "Mapping[str, Parts]", ctx: Context) -> None:
        """Raises CemError where the option `mine_train` is on and no task so far has training questions: general
        tasks, which are asked after those to be mined, need none."""
        if not self.options.mine_train:
            return
        without = [name for name, of_task in parts.items() if "train" not in of_task]
        self._found_training |= len(without) < len(parts)
        if not self._found_training:
            raise CemError(f"mine_train: no training questions in {', '.join(without)}; turn it off")
        for name in without:
            ctx.log(f"task {name!r}: has no training questions of its own")

    def _check_file(self, file: QuestionFile, ctx: Context) -> None:
        if file.duplicates:
            ctx.log(f"{file.path.name}: left out {file.duplicates} questions that stand there twice")
        shots = self.options.num_fewshot or 0
        examples = file.parts.get("train", file.questions)
        if shots >= len(examples):
            which = "training questions" if "train" in file.parts else "questions"
            raise CemError(
                f"{file.path}: {len(examples)} {which} are too few to show {shots} others before each; "
                "lower num_fewshot"
            )

    def _reads_logs(self, ctx: Context) -> bool:
        return self.options.logs is not None and ctx.round == 0

    def _library(self, specs: Sequence[Spec]) -> "Library":
        """The tasks, loaded once for all the calls that name the same."""
        from cem_lm_eval.library import Library

        return self._libraries.setdefault(tuple(specs), Library(specs))


def _has_chat_template(ctx: Context) -> bool:
    folder = ctx.model.path
    if not folder.is_dir() or (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
        return True
    try:
        return "chat_template" in parse_json((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False
