"""The trainer `staged`, light to import."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from cem_continual.routing import STAGES, StageName
from cem_toolkit.api import Context, Options, Row
from cem_trl.by_method import check_alone
from cem_trl.options import TrlOptions
from cem_trl.trainer import Trl

GENTLER = 0.1
"""Of `learning_rate`, what preferences are trained with unless it is said: they move a model by far less text."""


class StagedOptions(TrlOptions):
    """Options of `trl`, which hold for each stage, and of what differs between them."""

    order: tuple[StageName, ...] = Field(
        STAGES, description="In which order the stages are trained; one without rows is left out."
    )
    learning_rates: dict[StageName, Annotated[float, Field(gt=0)]] = Field(
        {},
        description="Peak learning rates of stages, such as {text: 1e-4}. Default: learning_rate, of preferences a "
        "tenth of it.",
    )
    stage_epochs: dict[StageName, Annotated[int, Field(ge=1)]] = Field(
        {}, description="Passes over the rows of stages, such as {preferences: 1}. Default: epochs."
    )
    beta: float = Field(
        0.1, gt=0, description="DPO's beta: the higher, the nearer preferences stay to the model that they begin with."
    )

    @model_validator(mode="after")
    def _every_stage_once(self) -> Self:
        if sorted(self.order) != sorted(STAGES):
            raise ValueError(f"order names each of {', '.join(STAGES)} once")
        return self

    def of_stage(self, stage: StageName) -> Self:
        """Those that the training of `stage` goes by."""
        usual = self.peak_learning_rate * (GENTLER if stage == "preferences" else 1)
        rate = self.learning_rates.get(stage, usual)
        return self.model_copy(
            update={"learning_rate": rate, "epochs": self.stage_epochs.get(stage, self.epochs)}
            | ({"early_stopping": False} if stage == "preferences" else {})
        )


class Staged(Trl):
    """Trains in stages, each from where the one before ended: pre-training text, then instructions (with review and
    general rows), then preferences by DPO (Rafailov et al., 2023, arXiv 2305.18290), and measures after every stage
    what it cost the others.

    The stages and what crosses them are those of the survey arXiv 2402.01364, which gives no training recipe: each of
    the first two is `trl`'s own training, and the result of each lies `strength` of the way that it went.
    """

    name = "staged"
    version = f"1.{Trl.version}"
    kinds = Trl.kinds | {"preference"}
    Options: ClassVar[type[Options]] = StagedOptions

    def check(self, ctx: Context) -> None:
        """As `trl`. Raises CemError for several processes too, and where the disk has no room for two models."""
        check_alone(self)
        super().check(ctx)
        from cem_continual.stages import check_room

        check_room(self.options, ctx)

    def train(self, rows: Sequence[Row], ctx: Context) -> Mapping[str, Any]:
        """As `trl`, with `stages` (of each its name, rows, and the figures of `trl`), of which the others are sums or,
        in order, the parts, and among `tables` what was measured after each."""
        from cem_continual.stages import train_in_stages

        return train_in_stages(rows, self.options, ctx, f"{self.name} {self.version}")
