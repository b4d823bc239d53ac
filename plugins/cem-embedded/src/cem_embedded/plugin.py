"""What the distribution brings to cem-toolkit."""

from typing import TYPE_CHECKING

from cem_toolkit.api import hookimpl

if TYPE_CHECKING:
    from cem_toolkit.api import Preset, Source


@hookimpl
def cem_register_presets() -> "list[type[Preset]]":
    from cem_embedded.preset import Embedded

    return [Embedded]


@hookimpl
def cem_register_sources() -> "list[type[Source]]":
    from cem_embedded.source import Factbook

    return [Factbook]
