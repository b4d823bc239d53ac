"""Which of a task's metrics decides what is right, and which choice the model took by it."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lm_eval.api.task import ConfigurableTask

from cem_lm_eval.options import LmEvalOptions
from cem_toolkit.api import CemError

NOT_ZERO_ONE = re.compile(
    r"f1|mcc|likelihood|brier_score|.*perplexity|bits_per_byte|bleu|chrf|ter|rouge.*|bertscore|bypass"
)


def choose_metric(task: ConfigurableTask, options: LmEvalOptions) -> str:
    """The metric that says of each question of `task` whether it is right.

    Raises CemError naming the metrics there are, where none serves or the chosen one is not among them.
    """
    names: list[str] = list(task.aggregation())
    listed = ", ".join(names)
    if options.metric is not None:
        if options.metric not in names:
            raise CemError(f"task {task.task_name!r} has no metric {options.metric!r}; it has {listed}")
        return options.metric
    preferred = ("exact_match", "acc") if task.OUTPUT_TYPE == "generate_until" else ("acc", "exact_match")
    for name in (*preferred, *names):
        if name in names and not NOT_ZERO_ONE.fullmatch(name):
            return name
    raise CemError(f"task {task.task_name!r} has no metric that calls an answer right or wrong; it has {listed}")


def choose_filter(task: ConfigurableTask, options: LmEvalOptions) -> str:
    """The answer extraction that counts. A task without any of its own has "none", whatever is asked for.

    Raises CemError naming the filters there are.
    """
    names = [ensemble.name for ensemble in task._filters]
    if options.filter is None or names == ["none"]:
        return str(names[0])
    if options.filter not in names:
        raise CemError(f"task {task.task_name!r} has no filter {options.filter!r}; it has {', '.join(names)}")
    return options.filter


def right(sample: Mapping[str, Any], metric: str, task: str) -> bool:
    """Whether `metric` calls the sample right. Raises CemError where it does not say so by 0 or 1."""
    if metric not in sample:
        raise CemError(f"task {task!r} reports no metric {metric!r}; it reports {', '.join(sample['metrics'])}")
    value = sample[metric]
    if isinstance(value, tuple | list | dict | str) or value not in (0, 1):
        raise CemError(
            f"task {task!r}: the metric {metric!r} is {value!r} for a question, not 0 or 1; "
            f"choose another by the option `metric`; there are {', '.join(sample['metrics'])}"
        )
    return bool(value)


def also_right(sample: Mapping[str, Any], metric: str, higher_is_better: Mapping[str, bool]) -> list[str]:
    """The other metrics that call the sample wholly right."""
    return [
        name
        for name in sample["metrics"]
        if name != metric
        and higher_is_better.get(name, True)
        and isinstance(sample[name], bool | int | float)
        and sample[name] == 1
    ]


def taken(metric: str, scores: Sequence[float], offered: Sequence[str]) -> int:
    """The index of the choice that the model prefers by `metric`, as lm-eval reckons it.

    `scores` are log-likelihoods in nats, one for each of `offered`, then for `acc_mutual_info` those without a prompt.
    """
    size = len(offered)
    weigh: dict[str, Callable[[int], float]] = {
        "acc_norm": lambda index: scores[index] / len(offered[index]),
        "acc_bytes": lambda index: scores[index] / len(offered[index].encode()),
        "acc_mutual_info": lambda index: scores[index] - scores[size + index],
    }
    return max(range(size), key=weigh.get(metric, scores.__getitem__))
