"""robots.txt, as RFC 9309 has it."""

from itertools import pairwise
from typing import Any

import pytest

from cem_search.fetching.failures import FetchError, RefusedError

RULES = """
User-agent: *
Disallow: /private/
Crawl-delay: 7

User-agent: badbot
Disallow: /
"""


@pytest.fixture
def site(web: Any) -> Any:
    for number in range(3):
        web.pages[f"a.test/{number}"] = web.reply("x")
        web.pages[f"a.test/private/{number}"] = web.reply("secret")
    return web


def test_what_robots_may_not_read_is_not_read(fetch: Any, site: Any) -> None:
    site.robots["a.test"] = site.reply(RULES, type="text/plain")
    fetcher = fetch.make()
    assert fetcher.fetch(site.url("a.test/1")).body == b"x"
    with pytest.raises(RefusedError, match=r"robots\.txt: the site asks robots"):
        fetcher.fetch(site.url("a.test/private/1"))
    assert site.paths() == ["a.test/1"]
    assert site.asked_robots == ["a.test"], "asked for once"


def test_rules_by_name(fetch: Any, site: Any) -> None:
    site.robots["a.test"] = site.reply("User-agent: Cem-Search\nDisallow: /1\n\nUser-agent: *\nDisallow: /2\n")
    assert fetch("a.test/2") == b"x"
    with pytest.raises(RefusedError, match=r"robots\.txt"):
        fetch("a.test/1")


def test_a_crawl_delay_is_kept(fetch: Any, site: Any) -> None:
    site.robots["a.test"] = site.reply(RULES)
    fetcher = fetch.make()
    for number in range(3):
        fetcher.fetch(site.url(f"a.test/{number}"))
    times = [time for time, *_ in site.asked]
    assert all(later - earlier >= 7 for earlier, later in pairwise(times))


def test_a_redirect_does_not_go_round_the_rules(fetch: Any, site: Any) -> None:
    site.robots["a.test"] = site.reply(RULES)
    site.pages["b.test/x"] = site.reply("", 302, Location=site.url("a.test/private/1"))
    with pytest.raises(RefusedError, match=r"robots\.txt"):
        fetch("b.test/x")
    assert site.paths() == ["b.test/x"]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_no_rules_forbid_nothing(fetch: Any, site: Any, status: int) -> None:
    site.robots["a.test"] = site.reply("", status)
    assert fetch("a.test/1") == b"x"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_rules_out_of_reach_forbid_everything(fetch: Any, site: Any, status: int) -> None:
    site.robots["a.test"] = site.reply("", status)
    with pytest.raises(FetchError, match=r"robots\.txt: out of reach"):
        fetch("a.test/1")
    assert site.asked == []


def test_rules_may_move_but_not_just_anywhere(fetch: Any, site: Any) -> None:
    site.robots["a.test"] = site.reply("", 301, Location=site.url("b.test/rules"))
    site.pages["b.test/rules"] = site.reply(RULES)
    with pytest.raises(RefusedError, match="asks robots"):
        fetch("a.test/private/1")
    site.robots["a.test"] = site.reply("", 301, Location="http://169.254.169.254/rules")
    with pytest.raises(RefusedError, match="not public"):
        fetch("a.test/1")


@pytest.mark.parametrize(
    "text", [b"\xff\xfe\x00binary", b"", b"User-agent: *\nCrawl-delay: -9\nCrawl-delay: inf\n", b"Disallow: /" * 90_000]
)
def test_rules_that_are_none(fetch: Any, site: Any, text: bytes) -> None:
    site.robots["a.test"] = site.reply(text)
    assert fetch("a.test/1") == b"x"


def test_rules_made_to_choke_on(fetch: Any, site: Any) -> None:
    site.robots["a.test"] = site.reply("User-agent:a\n" * 10_000 + "Disallow:/a\n" * 20_000)
    with pytest.raises(RefusedError, match="too many rules"):
        fetch("a.test/1")


def test_long_rules_are_read_at_their_beginning(fetch: Any, site: Any) -> None:
    site.robots["a.test"] = site.reply("User-agent: *\nDisallow: /1\n" + "# comment\n" * 100_000)
    with pytest.raises(RefusedError, match="asks robots"):
        fetch("a.test/1")
