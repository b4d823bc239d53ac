"""The trainer `replay`, light to import."""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from cem_continual.memory import Kept, Memory
from cem_continual.remembering import Remembering, RememberingOptions
from cem_continual.reservoir import reservoir
from cem_toolkit.api import Context, Options, Row

if TYPE_CHECKING:
    from cem_continual.counting import Counting


class ReplayOptions(RememberingOptions):
    """Options of `replay`."""

    replay: float = Field(
        1.0, ge=0, description="Rows of the memory that join every step, for each row of the step's own."
    )


class Replay(Remembering):
    """Experience replay (Chaudhry et al., arXiv 1902.10486): every step has the round's rows and as many drawn from a
    reservoir of all earlier rounds' rows."""

    name = "replay"
    version = "1"
    Options: ClassVar[type[Options]] = ReplayOptions

    def method(self, ctx: Context) -> "Counting":
        from cem_continual.replay_method import Replaying

        return Replaying(self.options.replay)

    def remember(self, past: Memory, rows: Sequence[Row], ctx: Context) -> Memory:
        """A reservoir over all rounds. What is in it already is not offered again."""
        held = {each.row.id for each in past.kept}
        new = [Kept(row, ctx.round) for row in {row.id: row for row in rows}.values() if row.id not in held]
        chance = Random(f"{ctx.seed}/{ctx.round}/memory")  # noqa: S311 (not for secrets)
        kept, seen = reservoir(past.kept, past.seen, new, self.options.memory, chance)
        return Memory(self.name, tuple(kept), seen)
