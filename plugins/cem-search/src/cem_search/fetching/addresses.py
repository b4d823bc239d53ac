"""Which IP addresses are those of the public internet."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

NAT64 = IPv6Network("64:ff9b::/96")
"""IPv4 addresses as networks without IPv4 write them (RFC 6052): the last 32 bits."""
INTERNAL = {IPv4Address("168.63.129.16"), IPv4Address("192.88.99.1")}
"""Addresses that look public and are not: the host agent of Azure's machines, and the retired 6to4 relay (RFC 7526)."""


def parse_address(text: str) -> Address:
    """Raises ValueError where `text` is no address. An IPv6 zone is left off: only addresses within a link have one."""
    return ip_address(text.partition("%")[0])


def is_public(address: Address) -> bool:
    """Whether `address` is of the public internet, by IANA's registries as `ipaddress` knows them.

    Not: private, loopback, link-local (where clouds keep their credentials), carrier-grade NAT, multicast, reserved,
    documentation and unspecified ones, also where they are written inside an IPv6 address.
    """
    inner = _written_inside(address)
    if inner is not None:
        return is_public(inner)
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address in INTERNAL
    local = isinstance(address, IPv6Address) and (address.is_site_local or address.teredo is not None)
    return address.is_global and not special and not local


def _written_inside(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv4-mapped, 6to4 or NAT64 address stands for."""
    if isinstance(address, IPv4Address):
        return None
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
