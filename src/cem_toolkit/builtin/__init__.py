"""The method's own miner, rewriters and mixer, registered like any plugin."""

from typing import TYPE_CHECKING

from cem_toolkit.api import hookimpl

if TYPE_CHECKING:
    from cem_toolkit.api import Miner, Mixer, Rewriter


@hookimpl
def cem_register_miners() -> "list[type[Miner]]":
    from cem_toolkit.builtin.miner import CemMiner

    return [CemMiner]


@hookimpl
def cem_register_rewriters() -> "list[type[Rewriter]]":
    from cem_toolkit.builtin.lm_rewriters import EndpointRewriter, ModelRewriter
    from cem_toolkit.builtin.rules import Rules

    return [Rules, ModelRewriter, EndpointRewriter]


@hookimpl
def cem_register_mixers() -> "list[type[Mixer]]":
    from cem_toolkit.builtin.mixer import CemMixer

    return [CemMixer]
