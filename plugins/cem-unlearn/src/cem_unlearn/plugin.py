"""What the distribution brings to cem-toolkit."""

from typing import TYPE_CHECKING

from cem_toolkit.api import hookimpl

if TYPE_CHECKING:
    from cem_toolkit.api import Mixer, Trainer


@hookimpl
def cem_register_trainers() -> "list[type[Trainer]]":
    from cem_unlearn.eul import Eul
    from cem_unlearn.icu import Icu
    from cem_unlearn.ltu import Ltu

    return [Icu, Eul, Ltu]


@hookimpl
def cem_register_mixers() -> "list[type[Mixer]]":
    from cem_unlearn.mixer import UnlearnMixer

    return [UnlearnMixer]
