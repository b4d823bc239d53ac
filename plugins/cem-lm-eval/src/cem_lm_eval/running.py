"""Running tasks by lm-eval's own evaluator."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import torch
from lm_eval.api.task import ConfigurableTask
from lm_eval.evaluator import evaluate
from lm_eval.evaluator_utils import get_sample_size

from cem_lm_eval import models
from cem_lm_eval.attempts import Sample
from cem_lm_eval.options import Limit, LmEvalOptions
from cem_lm_eval.quiet import quiet, warnings_of_lm_eval
from cem_lm_eval.reporting import Wanted
from cem_lm_eval.templates import chat_renderer
from cem_toolkit.api import CemError, Context

Tasks = Mapping[str, ConfigurableTask]


def logs_of(ctx: Context) -> Path:
    """Where what a back end's own processes print is kept: with the component, for they outlive a stage."""
    return ctx.cache / "logs"


def prepare(tasks: Tasks, options: LmEvalOptions, seed: int) -> None:
    """Sets few-shot examples and answer length as lm-eval's command line would."""
    for task in tasks.values():
        shots = task.get_config("num_fewshot")
        if shots is None:
            shots = options.num_fewshot or 0
        elif shots != 0 and options.num_fewshot is not None:  # tasks that set 0 are not made for examples
            shots = options.num_fewshot
        task.set_config("num_fewshot", shots)
        task.set_fewshot_seed(seed)
        if options.max_gen_toks is not None and task.OUTPUT_TYPE == "generate_until":
            task.set_config("generation_kwargs", {"max_gen_toks": options.max_gen_toks}, update=True)


def build_prompts(task: ConfigurableTask, options: LmEvalOptions, ctx: Context) -> list[str]:
    """The whole prompts of `task`'s questions, with examples and template; no model is loaded."""
    prepare({task.task_name: task}, options, ctx.seed)
    with quiet():
        task.build_all_requests(
            limit=get_sample_size(task, options.limit),
            system_instruction=options.system_instruction,
            apply_chat_template=ctx.chat_template,
            fewshot_as_multiturn=ctx.chat_template,
            chat_template=chat_renderer(ctx.model, options) if ctx.chat_template else None,
        )
    prompts = {instance.doc_id: instance.args[0] for instance in reversed(task.instances)}
    return [prompts[number] for number in sorted(prompts)]


def run(
    tasks: Tasks,
    options: LmEvalOptions,
    ctx: Context,
    limit: Limit | None,
    label: str = "evaluate",
    wanted: Wanted | None = None,
) -> dict[str, list[Sample]]:
    """The samples of every task, answered by `ctx.model`, which stays in memory for what the stage wants of it next.

    With `wanted`, all requests are made as ever, for examples are drawn document by document, but the model answers
    those of the wanted documents alone; the samples of others mean nothing.

    Raises CemError where the model does not fit the memory.
    """
    random.seed(ctx.seed)
    numpy.random.seed(ctx.seed)
    torch.manual_seed(ctx.seed)
    prepare(tasks, options, ctx.seed)
    try:
        return _run(tasks, options, ctx, limit, label, wanted)
    except torch.OutOfMemoryError as error:
        raise CemError(
            f"out of memory with batch_size {options.batch_size}; lower it or choose another device"
        ) from error


def _run(
    tasks: Tasks, options: LmEvalOptions, ctx: Context, limit: Limit | None, label: str, wanted: Wanted | None
) -> dict[str, list[Sample]]:
    lm = models.load(ctx.model, options, logs_of(ctx))
    with quiet(), warnings_of_lm_eval(ctx.log, lm.secret), ctx.progress(label, None) as step, lm.answering(wanted):
        lm.report_to(step, ctx)
        results: dict[str, Any] = evaluate(
            lm,
            {"tasks": dict(tasks)},
            limit=limit,
            bootstrap_iters=0,
            log_samples=True,
            system_instruction=options.system_instruction,
            apply_chat_template=ctx.chat_template,
            fewshot_as_multiturn=ctx.chat_template,
        )
    return dict(results["samples"])
