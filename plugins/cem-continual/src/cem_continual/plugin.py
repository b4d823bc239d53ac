"""What the distribution brings to cem-toolkit."""

from typing import TYPE_CHECKING

from cem_toolkit.api import hookimpl

if TYPE_CHECKING:
    from cem_toolkit.api import Mixer, Trainer


@hookimpl
def cem_register_trainers() -> "list[type[Trainer]]":
    from cem_continual.staged import Staged

    return [Staged]


@hookimpl
def cem_register_mixers() -> "list[type[Mixer]]":
    from cem_continual.router import Router

    return [Router]
