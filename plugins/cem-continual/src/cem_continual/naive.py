"""The trainer `naive`, light to import."""

from typing import TYPE_CHECKING

from cem_toolkit.api import Context
from cem_trl.by_method import MethodTrainer

if TYPE_CHECKING:
    from cem_trl.method import Method


class Naive(MethodTrainer):
    """Trains on the round's rows alone, as `trl` does with AdamW and interpolation 1: the lower bound that methods
    against forgetting are measured by."""

    name = "naive"
    version = "1"

    def method(self, ctx: Context) -> "Method":
        from cem_continual.replay_method import Plain

        return Plain()
