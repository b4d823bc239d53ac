"""What the distribution brings to cem-toolkit."""

from typing import TYPE_CHECKING

from cem_toolkit.api import hookimpl

if TYPE_CHECKING:
    from cem_toolkit.api import Preset


@hookimpl
def cem_register_presets() -> "list[type[Preset]]":
    from cem_embedded.preset import Embedded

    return [Embedded]
