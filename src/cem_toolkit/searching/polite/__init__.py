"""Asking a server politely, for sources that go over the network.

A source gives every request to the `Patience` that it has for the server, which asks again for what may pass. `send`
makes one such request, and `Misses` lets a source end with what it has. Plugins that use them depend on tenacity, and
on httpx2 for `send`: the core does not. Tests wait for hours in no time by `cem_toolkit.testing.make_clock`.
"""

from cem_toolkit.searching.polite.clock import Clock
from cem_toolkit.searching.polite.failures import (
    PASSING_STATUS,
    PassingError,
    RequestError,
    StoppedError,
    parse_retry_after,
)
from cem_toolkit.searching.polite.misses import Misses
from cem_toolkit.searching.polite.patience import Limits, Patience
from cem_toolkit.searching.polite.sending import send

__all__ = [
    "PASSING_STATUS",
    "Clock",
    "Limits",
    "Misses",
    "PassingError",
    "Patience",
    "RequestError",
    "StoppedError",
    "parse_retry_after",
    "send",
]
