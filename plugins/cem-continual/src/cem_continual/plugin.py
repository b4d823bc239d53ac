"""What the distribution brings to cem-toolkit."""

from typing import TYPE_CHECKING

from cem_toolkit.api import hookimpl

if TYPE_CHECKING:
    from cem_toolkit.api import Mixer, Trainer


@hookimpl
def cem_register_trainers() -> "list[type[Trainer]]":
    from cem_continual.bcl import Bcl
    from cem_continual.clip import Clip
    from cem_continual.delta import Delta
    from cem_continual.l2l import L2l
    from cem_continual.mulki import Mulki
    from cem_continual.naive import Naive
    from cem_continual.replay import Replay
    from cem_continual.staged import Staged

    return [Naive, Replay, Bcl, Delta, Clip, Mulki, L2l, Staged]


@hookimpl
def cem_register_mixers() -> "list[type[Mixer]]":
    from cem_continual.clip import ClipMixer
    from cem_continual.delta import DeltaMixer
    from cem_continual.router import Router

    return [DeltaMixer, ClipMixer, Router]
