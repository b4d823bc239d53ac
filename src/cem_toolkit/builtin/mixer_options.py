"""The options of the method's mixer."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cem_toolkit.api import Options
from cem_toolkit.records import RowKind
from cem_toolkit.roles import KINDS

Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Amount = Annotated[int, Field(ge=0)] | Annotated[float, Field(ge=0, le=1)]

SHARES: dict[RowKind, float] = {"passage": 0.5, "normative": 0.2, "extractive": 0.0, "review": 0.25, "general": 0.05}

WEIGHTS: dict[RowKind, float] = {"passage": 2.0, "normative": 2.0, "review": 0.5}
"""A fact that is seen once in each of three passes is hardly learnt; what is reviewed is known, so more of it may be
reviewed instead."""


class MixerOptions(Options):
    max_passages: int = Field(4, ge=1, description="Train on at most so many passages a mistake, the best for it.")
    open_book: Literal["all", "flipping", "first"] = Field(
        "first",
        description="Which passages of a mistake to use, by the open-book test: all; flipping: none that was tested "
        "and did not give the right answer; first: all, those that gave it first, and mistakes with such a one first.",
    )
    review: Amount = Field(
        0.5, description="Questions answered correctly to train again: a whole number, or a share of them such as 0.1."
    )
    review_first: Literal["chance", "unsure"] = Field(
        "chance",
        description="Which of them come first: by chance, or unsure: those whose right answer the model preferred to "
        "the next by the least, which break most easily.",
    )
    general: Amount = Field(
        0.1, description="General rows: a whole number, or a share of the number of rows about mistakes."
    )
    general_file: Path | None = Field(
        None, description="A JSONL file of general rows, `prompt` and `completion`, instead of the set within."
    )
    own_pairs: bool = Field(
        False,
        description="Also train on the mistakes' own questions with their answers; what is learnt by rote then is "
        "reported apart.",
    )
    weights: dict[RowKind, Share] = Field(
        WEIGHTS, description="How often rows of a kind are seen in one pass, such as {passage: 2}; 1 where not named."
    )
    token_budget: int | None = Field(
        None, ge=1, description="At most so many tokens in one pass (each row's by its weight); none: all rows."
    )
    shares: dict[RowKind, Share] = Field(
        SHARES, description="The kinds' proportions of `token_budget`; a kind not named gets none of it."
    )

    @model_validator(mode="after")
    def _nothing_in_vain(self) -> Self:
        if self.shares != SHARES and self.token_budget is None:
            raise ValueError("shares has no effect without token_budget")
        if strange := sorted({*self.weights, *self.shares} - KINDS):
            raise ValueError(f"this mixer makes no rows of kind {' and '.join(strange)}")
        if not any(self.shares.values()):
            raise ValueError("shares must give some kind more than 0")
        return self
