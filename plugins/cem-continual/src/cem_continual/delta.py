"""The trainer and the mixer `delta`, light to import."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from cem_continual.labels import Kind, labelled, rarity
from cem_continual.over_cem import OverCem, OverCemOptions
from cem_continual.replay import Replay, ReplayOptions
from cem_toolkit.api import Attempt, Context, Mistake, Options, Passage, Row

if TYPE_CHECKING:
    from cem_continual.counting import Counting

LABELS = (
    "What a row's label is. closed: its completion, one of a small set. free: what it was made from. auto: closed "
    "where all rows are instructions, of a few completions only."
)


class DeltaOptions(ReplayOptions):
    """Options of the trainer `delta`."""

    labels: Kind = Field("auto", description=LABELS)
    contrastive: float = Field(
        0.5, ge=0, lt=1, description="Share of the steps, the first ones, that learn by the contrastive loss. 0: none."
    )
    temperature: float = Field(0.09, gt=0, description="Of the contrastive loss.")
    balanced: bool = Field(
        True,
        description="Whether the other steps count with how common a label is: by balanced softmax for closed sets of "
        "labels, by weights of the rows for free text. false: plain cross entropy.",
    )
    most_weight: float = Field(
        10.0, ge=1, description="Of a row of free text, at most, as a multiple of the least such weight."
    )


class Delta(Replay):
    """After DELTA (Raghavan, He and Zhu, arXiv 2404.04476), for what is long-tailed: first a supervised contrastive
    loss on the rows' representations, then a balanced one on their labels, both on the step's rows and the memory's."""

    name = "delta"
    version = "1"
    Options: ClassVar[type[Options]] = DeltaOptions

    def method(self, ctx: Context) -> "Counting":
        from cem_continual.delta_method import TwoStages

        return TwoStages(self.options)


class PairingOptions(OverCemOptions):
    """Options of the mixer `delta`."""

    labels: Kind = Field("auto", description=LABELS)
    exemplars: float = Field(
        4.0, ge=0, description="Exemplars of its label that a row comes with, at most; none for the commonest label."
    )


class DeltaMixer(OverCem):
    """The rows of `cem`, those of rare labels paired with exemplars: each comes with as many others of its label as the
    label is times rarer than the commonest, less one. An exemplar is seen once more in each pass for each pair."""

    name = "delta"
    version = "1"
    Options: ClassVar[type[Options]] = PairingOptions

    def mix(
        self, passages: Sequence[Passage], mistakes: Sequence[Mistake], attempts: Sequence[Attempt], ctx: Context
    ) -> Iterator[Row]:
        yield from paired(self.mixed(passages, mistakes, attempts, ctx), self.options, ctx.seed)


def paired(rows: Sequence[Row], options: PairingOptions, seed: int) -> list[Row]:
    """`rows` with the weights that pairing them with exemplars makes."""
    label = labelled(rows, options.labels)
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(label(row), []).append(row)
    times = rarity({name: len(found) for name, found in groups.items()}, 1 + options.exemplars)
    more: Counter[str] = Counter()
    for name, found in groups.items():
        chance = Random(f"{seed}/{name}/exemplars")  # noqa: S311 (not for secrets)
        more.update(each.id for each in chance.choices(found, k=round((times[name] - 1) * len(found))))
    return [replace(row, weight=row.weight + more[row.id]) for row in rows]
