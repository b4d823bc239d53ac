"""How much there is to ask, for the plan of a dry run."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cem_lm_eval.options import LmEvalOptions
from cem_lm_eval.questions import DELIMITER, Part, QuestionFile
from cem_toolkit.api import Context

if TYPE_CHECKING:
    from lm_eval.api.task import ConfigurableTask

SAMPLE = 200


def limited(count: int, limit: int | float | None) -> int:
    """How many of `count` questions are asked under the option `limit`, as lm-eval takes it."""
    if limit is None:
        return count
    return min(count, math.ceil(count * limit) if limit < 1 else int(limit))


def count(texts: Sequence[str], ctx: Context) -> tuple[int, int]:
    """The number of `texts`, and of their tokens as estimated from up to 200 of them, evenly spread."""
    sample = texts[:: max(1, math.ceil(len(texts) / SAMPLE))]
    tokens = sum(ctx.count_tokens(sample)) if sample else 0
    return len(texts), round(tokens * len(texts) / max(1, len(sample)))


def count_parts(texts: Mapping[Part, Sequence[str]], options: LmEvalOptions, ctx: Context) -> tuple[int, int]:
    """`count` of a task's texts, by part, under the options' limits."""
    asked = [text for part, all_of in texts.items() for text in all_of[: limited(len(all_of), options.limit_of(part))]]
    return count(asked, ctx)


def texts_of_file(file: QuestionFile) -> dict[Part, list[str]]:
    """Prompt and choices of every question, without lm-eval, so that a dry run starts at once."""
    return {
        part: [
            question.prompt + "".join(DELIMITER + choice for choice in question.choices or (question.gold,))
            for question in questions
        ]
        for part, questions in file.parts.items()
    }


def texts_of_task(parts: "Mapping[Part, ConfigurableTask]") -> dict[Part, list[str]]:
    """Prompt and choices of every question that a right answer is known of."""
    from cem_lm_eval.asked import describe

    return {
        part: [
            asked.prompt + " ".join(asked.offered or asked.golds[:1])
            for doc in task.eval_docs
            if (asked := describe(task, doc))
        ]
        for part, task in parts.items()
    }
