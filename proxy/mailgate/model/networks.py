"""Whom a client address stands for, wherever callers are counted."""

from ipaddress import IPv6Address, ip_address, ip_network


def network_of(address: str) -> str:
    """What one caller may have at will: of IPv6 a /64."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped or ip_network((int(found), 64), strict=False))
