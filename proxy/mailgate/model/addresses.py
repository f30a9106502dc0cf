"""Reads every internet address and brings it into one form. Code that counts or compares addresses gets that form.

A listener on ``[::]`` sees IPv4 peers as ``::ffff:203.0.113.9``, a proxy may add a port, and IPv6 has many spellings.
Compared as text they would differ from the addresses that rules name, and all of IPv4 would look like one network of
IPv6.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

MAX_ADDRESS_LENGTH = 128
"""The longest text that is read as an address, in characters: clients make them up, and long ones fill the memory."""

_WITH_PORT = re.compile(r"\[([^\[\]]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}", re.ASCII)
"""An address with a port, as some proxies write it. An IPv6 address is then in brackets (RFC 7239, section 6)."""
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""The prefix under which a translator writes IPv4 addresses (RFC 6052, section 2.1; RFC 7755). An answer to such an address
reaches the IPv4 address itself.

6to4 (2002::/16) is left alone: it holds the address of a router with other machines behind it. The prefixes that a network
chooses for its own translator are left alone too."""


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """Read the address in ``text`` without its port, brackets and zone; a mapped or translated IPv4 address as IPv4. None if it is none."""
    return _read(text) if len(text) <= MAX_ADDRESS_LENGTH else None


def canonical_address(text: str) -> str:
    """Write an address as rules name it: ``203.0.113.9``, ``2001:db8::1``. A text that is no address is returned unchanged."""
    return _in_one_form(text) if len(text) <= MAX_ADDRESS_LENGTH else text


@lru_cache(4096)
def _in_one_form(text: str) -> str:
    found = _read(text)
    return text if found is None else str(found)


def rate_limit_key(text: str) -> str:
    """The caller to count tries from this address for: the IPv4 address, or the /64 of an IPv6 address, which one caller has at
    least. A text that is no address is returned unchanged."""
    return _caller_at(text) if len(text) <= MAX_ADDRESS_LENGTH else text


@lru_cache(4096)
def _caller_at(text: str) -> str:
    found = _read(text)
    if not isinstance(found, IPv6Address):
        return text if found is None else str(found)
    return str(IPv6Network((found, 64), strict=False))


@lru_cache(4096)
def _read(text: str) -> IPv4Address | IPv6Address | None:
    bare = text.strip()
    if bare.startswith('"') and bare.endswith('"'):
        bare = bare[1:-1]
    told = _WITH_PORT.fullmatch(bare)
    try:
        found = ip_address((told[1] or told[2] or "") if told else bare)
    except ValueError:
        return None
    if isinstance(found, IPv4Address):
        return found
    number = int(found)  # the zone is dropped: it names an interface of one machine
    if found.ipv4_mapped is not None or IPv6Address(number) in _TRANSLATED:
        return IPv4Address(number & 0xFFFF_FFFF)
    return IPv6Address(number)
