"""A task's own parts: its training questions asked beside its test questions."""

import copy
import dataclasses
from collections.abc import Mapping

from lm_eval.api.task import ConfigurableTask

from cem_lm_eval.question_task import WHOLE, QuestionTask
from cem_lm_eval.questions import Part

Parts = Mapping[Part, ConfigurableTask]


def own_parts(task: ConfigurableTask, mine_train: bool) -> Parts:
    """What is asked of `task`: `task` itself under "" where that is all, or under "test" and beside it the same task
    with the questions of its training split under "train".

    A question file's own parts are always told apart, those of other tasks where `mine_train`. A file may have
    training questions alone.
    """
    if isinstance(task, QuestionTask):
        if task.config.test_split != "test":
            return {"" if task.config.test_split == WHOLE else "train": task}
        training = training_part(task)
        return {"test": task} if training is None else {"test": task, "train": training}
    training = training_part(task) if mine_train else None
    return {"": task} if training is None else {"test": task, "train": training}


def training_part(task: ConfigurableTask) -> ConfigurableTask | None:
    """`task` with the documents of its training split to be asked; None where there are none besides those asked.

    Prompts, choices and scoring are the same. Where the examples before a question are training documents too, the
    question itself is never among them.
    """
    split = task.config.training_split
    if split in (None, task.config.test_split or task.config.validation_split) or split not in task.dataset:
        return None
    part = copy.copy(task)
    part._config = copy.copy(task.config)
    part._config.test_split = split  # what lm-eval asks
    examples = task.fewshot_cfg
    if examples.split is None and examples.samples is None:  # then lm-eval takes training documents, and any of them
        part.fewshot_cfg = dataclasses.replace(examples, split=split)
    if hasattr(task, "sampler"):
        part.sampler = copy.copy(task.sampler)  # with a random state of its own
    return part
