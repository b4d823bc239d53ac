"""To which stage of training a mistake belongs.

The survey of continual learning for language models (Wu et al., 2024, arXiv 2402.01364) tells three stages apart by
what they change: continual pre-training brings facts, continual instruction tuning tasks and skills, continual
alignment values and preferences. Which of a run's mistakes is of which sort it does not say: the rules below are ours.
"""

from typing import Literal, get_args

from cem_toolkit.api import Mistake, Row

StageName = Literal["text", "instructions", "preferences"]
STAGES: tuple[StageName, ...] = get_args(StageName)
INSTEAD: dict[StageName, tuple[StageName, ...]] = {
    "text": ("text", "instructions"),
    "instructions": ("instructions", "text"),
    "preferences": ("preferences", "instructions", "text"),
}
"""For a mistake that belongs to a stage the stages that may serve it, the best first: the first with rows about it."""


def stage_of(row: Row) -> StageName:
    """The stage that trains on `row`."""
    if row.kind == "preference":
        return "preferences"
    return "instructions" if row.prompt else "text"


def route(mistake: Mistake, led_right: bool, near: float) -> tuple[StageName, str]:
    """The stage that `mistake` belongs to, and why in a few words, by the first line that holds:

    | stage          | evidence                                                                                  |
    |----------------|-------------------------------------------------------------------------------------------|
    | `instructions` | its kind is `schema`: the form fails, not the knowledge                                   |
    | `text`         | by the open-book test a passage leads the model right (`led_right`): it lacks a fact      |
    | `preferences`  | it prefers a wrong choice by at most `near` nats, and is `unsure` or was asked in one way |
    | `text`         | all else: nothing speaks against a lack of knowledge                                      |
    """
    if mistake.kind == "schema":
        return "instructions", "the form fails"
    if led_right:
        return "text", "a passage leads it right"
    if -near <= mistake.margin < 0 and (mistake.kind == "unsure" or mistake.agreement is None):
        return "preferences", f"a wrong choice is preferred by {-mistake.margin:.2f} nats"
    return "text", "nothing speaks against a lack of knowledge"
