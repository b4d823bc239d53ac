"""Which places may be asked; nothing here is connected to."""

import pytest

from cem_search.fetching.failures import PassingError, RefusedError
from cem_search.fetching.private import Private
from cem_search.fetching.reach import Reach


@pytest.mark.parametrize(
    "url",
    [
        "", "no url", "//example.org/", "file:///etc/passwd", "ftp://example.org/", "javascript:alert(1)", "data:,x",
        "gopher://example.org/", "http://", "http:///path", "http://user@example.org/", "http://user:pw@example.org/",
        "https://example.org:22/", "http://example.org:99999/", "http://example.org:80x/", "http://[::1",
        "http://exa mple.org/", "http://0177.0.0.1/",
        "http://" + "a" * 3000 + ".org/", "http://example.org\\@127.0.0.1:80/x y\n",
    ],
)  # fmt: skip
def test_what_may_not_be_asked(url: str) -> None:
    with pytest.raises(RefusedError):
        reach = Reach(resolve=lambda host, port: ["127.0.0.1"])
        place = reach.place(url)
        reach.addresses(place.host, place.port)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTP://Example.ORG:80", "http://example.org/"),
        ("https://example.org:443/a?b=c#d", "https://example.org/a?b=c"),
        ("https://example.org./a b", "https://example.org/a%20b"),
        ("https://Bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("http://[2606:2800:220:1::1]/", "http://[2606:2800:220:1::1]/"),
    ],
)
def test_places_have_one_normal_form(url: str, normal: str) -> None:
    assert Reach().place(url).url == normal
    assert Reach().place(normal).url == normal


def test_relative_redirects() -> None:
    reach = Reach()
    assert reach.place("../c?d", "https://example.org/a/b").url == "https://example.org/c?d"
    assert reach.place("//other.org/x", "https://example.org/a").url == "https://other.org/x"


def test_deny_wins_over_allow_and_both_hold_for_all_below() -> None:
    reach = Reach(allow=["example.org", "bücher.example"], deny=["Bad.example.org."])
    for url in ("https://example.org/", "https://a.b.example.org/", "https://xn--bcher-kva.example/"):
        reach.place(url)
    for url in ("https://bad.example.org/", "https://x.bad.example.org/", "https://notexample.org/", "https://org/"):
        with pytest.raises(RefusedError, match="domain not allowed"):
            reach.place(url)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost", "localtest.me"])
def test_other_ways_to_write_an_address_are_seen_through_by_what_they_resolve_to(host: str) -> None:
    reach = Reach(resolve=lambda host, port: ["127.0.0.1"])
    with pytest.raises(RefusedError, match="not public"):
        reach.addresses(reach.place(f"http://{host}/").host, 80)


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    reach = Reach(resolve=lambda host, port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(RefusedError, match=r"10\.0\.0\.1, which is not public"):
        reach.addresses("mixed.example", 80)
    admitting = Reach(resolve=lambda host, port: ["93.184.216.34", "10.0.0.1"], private=Private(["10.0.0.0/24"]))
    assert admitting.addresses("mixed.example", 80) == ["93.184.216.34", "10.0.0.1"]


def test_a_host_that_is_nowhere_may_be_there_later() -> None:
    def fail(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    with pytest.raises(PassingError, match=r"host not found: nowhere\.example: Name or service not known"):
        Reach(resolve=fail).addresses("nowhere.example", 80)
    with pytest.raises(PassingError, match="host not found"):
        Reach(resolve=lambda host, port: []).addresses("nowhere.example", 80)
    with pytest.raises(RefusedError, match="is no host name"):
        Reach().addresses("a" * 70 + ".example", 80)
