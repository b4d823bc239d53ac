"""Puts the parts of the backend together, as the options have it."""

from cem_search.backend import WebBackend
from cem_search.cache import Cache
from cem_search.engines.endpoint import Endpoint
from cem_search.engines.engine import Engine
from cem_search.engines.public import PublicEngines
from cem_search.fetching.fetcher import Fetcher
from cem_search.fetching.manners import Manners
from cem_search.fetching.private import Private
from cem_search.fetching.reach import Reach
from cem_search.options import WebSearchOptions
from cem_search.reading.reader import Reader
from cem_search.web import Web
from cem_toolkit.api import Context
from cem_toolkit.searching.polite import Clock

SEARCH_SHARE = 0.75
"""Part of `max_seconds` that may go into searching, so that something is left for reading what was found."""


def open_backend(options: WebSearchOptions, ctx: Context, clock: Clock) -> WebBackend:
    def manners(share: float) -> Manners:
        return Manners(
            min_interval=options.min_interval,
            retries=options.retries,
            max_seconds=options.max_seconds * share,
            seed=ctx.seed,
            clock=clock,
        )

    searching, reading = manners(SEARCH_SHARE), manners(1.0)
    engine: Engine = PublicEngines(options, searching)
    if options.endpoint:
        engine = Endpoint(options, searching, clock)
    private = Private(options.allow_private)
    reach = Reach(ports=options.ports, allow=options.allow, deny=options.denied, private=private)
    fetcher = Fetcher(
        reach, reading, clock, timeout=options.timeout, max_bytes=options.max_bytes, contact=options.contact
    )
    web = Web(fetcher, Reader(options.parse_seconds), clock)
    cache = Cache(ctx.cache, options.max_age, clock)
    return WebBackend(options, ctx, cache=cache, engine=engine, reach=reach, web=web, manners=reading)
