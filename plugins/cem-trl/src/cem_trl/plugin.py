"""What the distribution brings to cem-toolkit."""

from typing import TYPE_CHECKING

from cem_toolkit.api import hookimpl

if TYPE_CHECKING:
    from cem_toolkit.api import Trainer


@hookimpl
def cem_register_trainers() -> "list[type[Trainer]]":
    from cem_trl.trainer import Trl

    return [Trl]
