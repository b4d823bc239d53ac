"""What the distribution brings to cem-toolkit."""

from cem_toolkit.api import Trainer, hookimpl
from cem_trl.trainer import Trl


@hookimpl
def cem_register_trainers() -> list[type[Trainer]]:
    return [Trl]
