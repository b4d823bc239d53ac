"""The options that all unlearning trainers have."""

from pathlib import Path

from pydantic import Field

from cem_trl.by_method import MethodOptions


class UnlearnOptions(MethodOptions):
    """What is to be unlearnt besides the rows of kind forget, and how far the audit goes."""

    forget: Path | None = Field(
        None,
        description="A JSONL file of what to unlearn, besides the training set's rows of kind forget: a line is "
        '{"prompt": …, "completion": …} or {"text": …}. Relative to the configuration\'s folder.',
    )
    audit: bool = Field(True, description="Measure what was forgotten, and set it beside the result.")
    audit_items: int = Field(32, ge=4, description="Items of each sort that the audit asks, at most.")
    audit_unseen: Path | None = Field(
        None,
        description="A JSONL file as forget is one, of texts like those to unlearn that the model has never seen: what "
        "the audit measures forgotten items against.",
    )
    audit_members: Path | None = Field(
        None,
        description="A JSONL file as forget is one, of texts like those to unlearn that the model has seen and is to "
        "keep: what the audit's membership attack learns from. Default: the retained rows.",
    )
    audit_retrain: Path | None = Field(
        None,
        description="A JSONL file as forget is one, of all that the model was tuned on. With audit_start the model is "
        "tuned again without what is to be unlearnt, and measured beside the result.",
    )
    audit_start: Path | None = Field(
        None,
        description="The folder of the model that this one was tuned from. It is the membership attack's reference.",
    )
    audit_epochs: int = Field(3, ge=1, description="Passes over the rows of audit_retrain.")
    audit_learning_rate: float | None = Field(
        None, gt=0, description="Of the audit's retraining and relearning. Default: 7e-5 for full, 2e-4 for lora."
    )
    audit_relearn_steps: int = Field(
        30, ge=0, description="Steps of plain training by which the audit lets items be learnt again, at most; 0: none."
    )
