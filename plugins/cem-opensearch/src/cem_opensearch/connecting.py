"""From options to an engine that can be asked."""

from cem_opensearch.engine import Engine
from cem_opensearch.http import Http
from cem_opensearch.options import OpenSearchOptions
from cem_toolkit.api import Context
from cem_toolkit.searching.polite import Clock, Limits, Patience


def connect(
    options: OpenSearchOptions, ctx: Context, clock: Clock, *, limited: bool = True, retries: int | None = None
) -> Engine:
    """The engine, to be closed when all is asked. Asks nothing yet. Raises CemError where a secret or a certificate is
    missing."""
    retries = options.retries if retries is None else min(retries, options.retries)
    limits = (
        Limits(retries=retries, max_seconds=options.max_seconds, max_requests=options.max_requests)
        if limited
        else Limits(retries=retries)
    )
    return Engine(Http(options, ctx.config_folder, clock), Patience(limits, ctx.seed, clock), options)
