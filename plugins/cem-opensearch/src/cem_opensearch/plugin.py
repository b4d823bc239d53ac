"""What the distribution brings to cem-toolkit."""

from typing import TYPE_CHECKING

from cem_toolkit.api import hookimpl

if TYPE_CHECKING:
    from cem_toolkit.api import Source


@hookimpl
def cem_register_sources() -> "list[type[Source]]":
    from cem_opensearch.source import OpenSearch

    return [OpenSearch]
