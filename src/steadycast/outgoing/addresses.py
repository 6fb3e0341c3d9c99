"""Which network addresses a draft or a feed may make us talk to: public ones only, however they are wrapped. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
_COMPATIBLE = ipaddress.IPv6Network("::/96")  # RFC 4291, deprecated, still routed by some
_UNICAST6 = ipaddress.IPv6Network("2000::/3")  # all that IANA has handed out
# Python's own table differs between its patch releases; these are refused on all of them.
_SPECIAL4 = tuple(
    ipaddress.IPv4Network(net)
    for net in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
_SPECIAL6 = tuple(ipaddress.IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "3fff::/20"))


def is_public(text: str) -> bool:
    """Whether an address, as the resolver gives it, and every address wrapped in it, is on the public internet.

    IANA's special-purpose registries; unwraps v4-mapped, v4-compatible, 6to4, Teredo and NAT64.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    inner = list(_wrapped(address))
    return all(_plain(each) for each in inner) if inner else _plain(address)


def _wrapped(address: Address) -> Iterator[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    elif address.sixtofour is not None:
        yield address.sixtofour
    elif address.teredo is not None:
        yield from address.teredo
    elif address in _NAT64 or address in _COMPATIBLE:
        yield ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)


def _plain(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not any(address in net for net in _SPECIAL4)
    return address in _UNICAST6 and address.is_global and not any(address in net for net in _SPECIAL6)
