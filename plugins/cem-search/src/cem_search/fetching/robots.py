"""What sites ask of robots: robots.txt (RFC 9309)."""

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

from cem_search.fetching.client import Client
from cem_search.fetching.failures import FetchError, PassingError, RefusedError
from cem_search.fetching.http import Wanted
from cem_search.fetching.reach import NOT_ALLOWED, NOT_FOUND, Place, Reach

if TYPE_CHECKING:
    from protego import Protego

ROBOT = "cem-search"
"""The product token that robots.txt may name."""
LONGEST = 500 * 1024
"""Bytes that are looked at: what the RFC asks for at least."""
MOST_RULES = 2_000_000
"""Lines that name a robot times other lines: more than any honest file has, and what the parser's memory grows by."""
ROBOTS = "robots.txt"


class Robots:
    """Each host's robots.txt, asked for once."""

    def __init__(self, reach: Reach, client: Client) -> None:
        self._reach = reach
        self._client = client
        self._wanted = Wanted("text/plain", LONGEST, cut=True)
        self._rules: dict[str, Protego | FetchError | None] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def check(self, place: Place) -> float:
        """The seconds that the site wants between requests (its crawl-delay). Raises RefusedError where it wants no
        robot, or none of this name, at `place`, and FetchError where its rules are out of reach."""
        with self._locks[place.origin]:
            if place.origin not in self._rules:
                self._rules[place.origin] = self._load(place)
            rules = self._rules[place.origin]
        if rules is None:
            return 0.0
        if isinstance(rules, FetchError):
            raise rules
        if not rules.can_fetch(place.url, ROBOT):
            raise RefusedError(ROBOTS, "the site asks robots not to read this page")
        return rules.crawl_delay(ROBOT) or 0.0

    def _load(self, place: Place) -> "Protego | FetchError | None":
        """The rules; None where there are none, the failure where they cannot be had: then nothing may be read."""
        from protego import Protego

        try:
            answer = self._client.get(self._reach.place(place.origin + "/robots.txt"), self._wanted)
        except FetchError as error:
            if error.kind in (NOT_ALLOWED, NOT_FOUND):  # it is the host that is out of reach
                return error
            lasting = RefusedError if isinstance(error, RefusedError) else PassingError
            return lasting(ROBOTS, f"out of reach: {error}")
        if answer.status != 200:  # 4xx: there is no robots.txt, "any resources may be accessed"
            return None
        text = answer.body.decode("utf-8", "replace")
        agents = text.lower().count("agent")
        if agents * text.count("\n") > MOST_RULES:
            return RefusedError(ROBOTS, "too many rules to read")
        return Protego.parse(text)
