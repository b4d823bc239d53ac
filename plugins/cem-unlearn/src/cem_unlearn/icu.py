"""The trainer `icu`, light to import."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from cem_toolkit.api import CemError, Context, Options
from cem_toolkit.searching import find_encoder
from cem_unlearn.options import UnlearnOptions
from cem_unlearn.trainer import UnlearnTrainer

if TYPE_CHECKING:
    from cem_trl.method import Method


class IcuOptions(UnlearnOptions):
    """Weights of the loss and thresholds; the defaults are those published."""

    epochs: int = Field(20, ge=1, description="Passes over the items to unlearn, at most.")
    learning_rate: float | None = Field(5e-6, gt=0, description="Learning rate of AdamW.")
    schedule: Literal["cosine", "linear", "constant"] = Field(
        "constant", description="Course of the learning rate: down to 0 by the last step, or constant."
    )
    warmup_ratio: float = Field(
        0.0, ge=0, lt=1, description="Share of the steps in which the learning rate rises from 0 to its peak."
    )
    forgetting: float = Field(1.0, ge=0, description="Weight of the loss on what is to be unlearnt, which goes up.")
    neighbour: float = Field(0.5, ge=0, description="Weight of the loss on the retained neighbours, which goes down.")
    original: float = Field(
        1.0,
        ge=0,
        description="Weight of the KL divergence from the starting model's predictions of the neighbours.",
    )
    neighbours: Literal["nearest", "random"] = Field(
        "nearest", description="Which retained row goes with an item: the one most like it, or one by chance."
    )
    encoder: str = Field(
        "",
        description="The sentence encoder that finds neighbours and compares continuations: a hub id, such as "
        "sentence-transformers/all-MiniLM-L6-v2, or a folder. None: neighbours by words (tf-idf), continuations by "
        "BLEU alone.",
    )
    until: Literal["unwritten", "unseen"] = Field(
        "unwritten",
        description="When an item is switched off. unwritten: its continuation is unlike the truth by bleu or "
        "similarity, as published; unseen: its loss is that of texts never seen (audit_unseen), or above.",
    )
    bleu: float = Field(
        0.01, ge=0, le=1, description="An item is switched off whose continuation has less BLEU; 0: none is by this."
    )
    similarity: float = Field(
        0.3,
        ge=-1,
        le=1,
        description="The same for the cosine of continuation and truth, where there is an encoder; -1: none is.",
    )
    continuation: int = Field(50, ge=10, description="Tokens of a continuation at most.")
    memorisation: float = Field(
        0.5994,
        ge=0,
        le=1,
        description="Training ends when memorisation accuracy and extraction likelihood are below these: what the "
        "model has of texts it never saw. 0: only when all items are switched off.",
    )
    extraction: float = Field(0.0499, ge=0, le=1, description="See memorisation.")
    prefixes: int = Field(4, ge=1, description="Places from which an item is continued for extraction likelihood.")


class Icu(UnlearnTrainer):
    """Iterative contrastive unlearning (arXiv 2407.20271): away from what is to be unlearnt, and towards the retained
    neighbour of each item, item by item until it is no longer repeated."""

    name, version = "icu", "1"
    Options: ClassVar[type[Options]] = IcuOptions

    def check(self, ctx: Context) -> None:
        """As `UnlearnTrainer`. Raises CemError for an encoder that cannot be had, and for lack of unseen texts, too."""
        super().check(ctx)
        if self.options.until == "unseen" and not self.options.audit_unseen:
            raise CemError("trainer.until: unseen needs audit_unseen, texts like those to unlearn that were never seen")
        if self.options.encoder:
            find_encoder(f"trainer {self.name}", self.options.encoder, ctx, always=True)

    def method(self, ctx: Context) -> "Method":
        from cem_unlearn.icu_method import IcuMethod

        return IcuMethod(self.options)
