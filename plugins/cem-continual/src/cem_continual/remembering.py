"""A base for trainers that keep rows of a round for the rounds after it, light to import."""

import dataclasses
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from cem_continual import memory
from cem_continual.memory import Memory
from cem_toolkit.api import CemError, Context, Options, Row
from cem_trl.by_method import MethodOptions, MethodTrainer

if TYPE_CHECKING:
    from cem_continual.counting import Counting


class RememberingOptions(MethodOptions):
    """Those of a trainer with a memory."""

    memory: int = Field(500, ge=0, le=100_000, description="Rows of earlier rounds that are kept, at most.")


class Remembering(MethodTrainer):
    """Trains by a method that draws rows of earlier rounds by itself: among the rows that it is given, those of the
    memory have the weight 0, so that no pass over the rows sees them."""

    Options: ClassVar[type[Options]] = RememberingOptions

    @abstractmethod
    def method(self, ctx: Context) -> "Counting": ...

    @abstractmethod
    def remember(self, past: Memory, rows: Sequence[Row], ctx: Context) -> Memory:
        """What is kept after a round that trained on `rows`. Decided before training, by nothing but these."""

    def fingerprint(self, ctx: Context) -> str:
        """What the model to train from remembers, too."""
        return f"{super().fingerprint(ctx)} {memory.mark(ctx.model)}"

    def past(self, ctx: Context) -> Memory:
        """What the model to train from remembers, without what the leak guard holds back: the model may come from
        another run, which measured by other questions. Raises CemError for a memory that is not of this trainer's
        making."""
        found = memory.read(ctx.model, self.name, ctx.log)
        if strange := {each.row.kind for each in found.kept} - self.kinds:
            where = memory.place(ctx.model)
            raise CemError(f"{where}: holds rows of kind {min(strange)}, which {self.name} does not take: remove it")
        passed = {row.id for row in ctx.screen_rows([each.row for each in found.kept])}
        kept = tuple(each for each in found.kept if each.row.id in passed)
        if len(kept) < len(found.kept):
            ctx.log(f"{len(found.kept) - len(kept)} rows of the memory are left out: the leak guard holds them back")
        return dataclasses.replace(found, kept=kept)

    def train(self, rows: Sequence[Row], ctx: Context) -> Mapping[str, Any]:
        """As `MethodTrainer`; also leaves the memory with the model, and says by `remembered` and `remembers` how many
        rows of earlier rounds there were, and are for the next.

        Killed before the memory is written, the stage is not finished, and is done again.
        """
        past, method = self.past(ctx), self.method(ctx)
        rows = [row for row in rows if row.weight]
        method.past, method.after = past, self.remember(past, rows, ctx)
        new = {row.id for row in rows}
        earlier = [dataclasses.replace(each.row, weight=0.0) for each in past.kept if each.row.id not in new]
        figures = self.train_by(method, [*rows, *earlier], ctx)
        memory.write(method.after, ctx.folder / "model", method.targets)
        return {**figures, "remembered": len(earlier), "remembers": len(method.after.kept)}
