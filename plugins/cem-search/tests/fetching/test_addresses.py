"""Which addresses are public, in all the ways of writing them."""

from ipaddress import IPv6Network

import pytest

from cem_search.fetching.addresses import is_public, parse_address
from cem_search.fetching.private import Private

PUBLIC = ("93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "2002:5db8:d822::1", "::ffff:8.8.8.8")
NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.1",  # noqa: S104
    "168.63.129.16",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::",
    "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a00:1::1", "2001::1", "2001:0:7f00:1::",
    "2001:db8::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "100::1",
    "4000::1",
]  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_public(text: str) -> None:
    assert is_public(parse_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_not_public(text: str) -> None:
    assert not is_public(parse_address(text))


def test_users_admit_hosts_ports_and_networks() -> None:
    private = Private(
        ["wiki.intern", "localhost:8080", "[::1]:81", "fd00::5", "10.1.0.0/16", str(IPv6Network("fd01::/16"))]
    )
    assert private.names("wiki.intern", 80)
    assert private.names("localhost", 8080)
    assert not private.names("localhost", 80)
    assert private.names("::1", 81)
    assert private.names("fd00::5", 443)
    assert private.holds(parse_address("10.1.2.3"))
    assert not private.holds(parse_address("10.2.2.3"))
    assert private.holds(parse_address("fd01::9"))


@pytest.mark.parametrize("entry", ["", ":80", "10.0.0.0/99", "host:port", "user@host", "http://host/"])
def test_what_is_no_host_is_an_error(entry: str) -> None:
    with pytest.raises(ValueError, match=r"host|IPv4|network|appear"):
        Private([entry])
