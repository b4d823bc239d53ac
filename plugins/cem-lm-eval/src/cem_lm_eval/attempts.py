"""From lm-eval's samples to the core's attempts."""

import math
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from lm_eval.api.task import ConfigurableTask
from lm_eval.evaluator_utils import get_sample_size

from cem_lm_eval.asked import Asked, describe
from cem_lm_eval.matching import matches
from cem_lm_eval.options import LmEvalOptions
from cem_lm_eval.parts import Parts
from cem_lm_eval.questions import Part
from cem_lm_eval.scoring import also_right, choose_filter, choose_metric, right, taken
from cem_toolkit.api import Attempt, CemError, content_id, normalise, question_id

Sample = Mapping[str, Any]
"""What lm-eval keeps of one document under one filter: as its evaluator returns it, or as `--log_samples` writes it."""


def make_attempts(
    task: ConfigurableTask, samples: Iterable[Sample], options: LmEvalOptions, log: Callable[[str], None]
) -> list[Attempt]:
    """One attempt per document of `task`. Those without a right answer are left out, and that is logged.

    Raises CemError where the chosen metric is not 0 or 1, and where the model's scores are not finite.
    """
    metric, chosen = choose_metric(task, options), choose_filter(task, options)
    by_doc: dict[int, dict[str, Sample]] = defaultdict(dict)
    for sample in samples:
        by_doc[sample["doc_id"]][sample["filter"]] = sample
    attempts = []
    for under in by_doc.values():
        if chosen not in under:
            there = ", ".join(under)
            raise CemError(f"task {task.task_name!r}: no results under the filter {chosen!r}, only under {there}")
        asked = describe(task, under[chosen]["doc"])
        if asked is not None:
            attempts.append(_attempt(task, asked, under, metric, chosen))
    if missing := len(by_doc) - len(attempts):
        log(f"task {task.task_name!r}: {missing} questions without a right answer left out")
    return attempts


def _attempt(task: ConfigurableTask, asked: Asked, under: Mapping[str, Sample], metric: str, chosen: str) -> Attempt:
    name, sample = task.task_name, under[chosen]
    correct = right(sample, metric, name)
    names = also_right(sample, metric, task.higher_is_better())
    names += [other for other in under if other != chosen and right(under[other], metric, name)]
    scores: tuple[float, ...] = ()
    if asked.choices:
        all_scores = [float(response[0]) for response in sample["filtered_resps"]]
        if not all(map(math.isfinite, all_scores)):
            raise CemError(f"task {name!r}: the model's scores are not finite numbers; try the option dtype: float32")
        scores = tuple(all_scores[: len(asked.choices)])
        answer = asked.choices[taken(metric, all_scores, asked.offered)]
    elif task.OUTPUT_TYPE == "loglikelihood":
        # Only whether the model would go on with the right text is known, not with what else it would.
        answer = asked.golds[0] if correct else ""
    else:
        output = _text(sample["resps"])
        answer = _text(sample["filtered_resps"]).strip()
        if answer in ("", "[invalid]"):  # the filter found no answer in it
            answer = output.strip()
        names += matches(output, asked.golds)
    return Attempt(
        id=question_id(asked.question, asked.choices),
        task=name,
        group=asked.group,
        question=asked.question,
        choices=asked.choices,
        gold=asked.golds[0],
        answer=answer,
        correct=correct,
        scores=scores,
        prompt=asked.prompt,
        completion=asked.completion,
        right_under=tuple(names),
    )


def _text(responses: Any) -> str:
    """The first text in nested lists of them."""
    while isinstance(responses, list | tuple):
        responses = responses[0] if responses else ""
    return str(responses)


def with_distinct_ids(attempts: Sequence[Attempt]) -> list[Attempt]:
    """One attempt for each id: of one task's questions that say the same the first, and others told apart by their
    prompts."""
    names = _distinct([(attempt.id, attempt.gold, attempt.prompt) for attempt in attempts])
    distinct: dict[str, Attempt] = {}
    for name, attempt in zip(names, attempts, strict=True):
        distinct.setdefault(name, replace(attempt, id=name))
    return list(distinct.values())


def _distinct(questions: Sequence[tuple[str, str, str]]) -> list[str]:
    """Ids of a task's questions, from their own ids, right answers and prompts."""
    golds = defaultdict(set)
    for name, gold, _ in questions:
        golds[name].add(normalise(gold))
    return [name if len(golds[name]) == 1 else content_id(name, prompt) for name, gold, prompt in questions]


def find_documents(parts: Parts, options: LmEvalOptions, only: Container[str]) -> dict[Part, set[int]]:
    """The numbers of the documents, in each part of a task, whose questions' ids are in `only`: as `make_attempts` and
    `with_distinct_ids` give them when all are asked."""
    places: list[tuple[Part, int]] = []
    questions: list[tuple[str, str, str]] = []
    for part, task in parts.items():
        size = get_sample_size(task, options.limit_of(part))
        for number, doc in enumerate(islice(task.eval_docs, size)):
            if asked := describe(task, doc):
                places.append((part, number))
                questions.append((question_id(asked.question, asked.choices), asked.golds[0], asked.prompt))
    found: dict[Part, set[int]] = {part: set() for part in parts}
    seen: set[str] = set()
    for name, (part, number) in zip(_distinct(questions), places, strict=True):
        if name in only and name not in seen:
            seen.add(name)
            found[part].add(number)
    return found
