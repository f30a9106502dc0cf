"""An address of the internet is read once, in one form, wherever one comes in; what counts or compares addresses sees that form.

A listener on ``[::]`` sees IPv4 peers as ``::ffff:203.0.113.9``, a proxy may add a port, and IPv6 has many spellings. Read as text
they would be other addresses than those that rules name, and all of IPv4 would be one network of IPv6.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

LONGEST = 128
"""Characters of an address that is read; clients make addresses up, and long ones would fill the memory."""

_WITH_PORT = re.compile(r"\[([^\[\]]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}", re.ASCII)
"""As proxies write it where they tell the port too; an address of version 6 has brackets then (RFC 7239, section 6)."""
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""Where a translator puts those of IPv4 (RFC 6052, section 2.1; RFC 7755). An answer to there goes to the very address of IPv4.

6to4 (2002::/16) is left alone: what stands in it is the address of a router, behind which there are others. So are the prefixes
that a network chooses for its own translator."""


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that ``text`` means, without port, brackets and zone; one of IPv4 whatever it came in. None for no address."""
    return _read(text) if len(text) <= LONGEST else None


def in_one_form(text: str) -> str:
    """The address as rules name it: ``203.0.113.9``, ``2001:db8::1``. What is no address stays as it came."""
    return _in_one_form(text) if len(text) <= LONGEST else text


@lru_cache(4096)
def _in_one_form(text: str) -> str:
    found = _read(text)
    return text if found is None else str(found)


def caller_at(text: str) -> str:
    """Whom tries from an address are counted for, everywhere: the address, of IPv6 its /64, which one caller has at least. What is no
    address is itself."""
    return _caller_at(text) if len(text) <= LONGEST else text


@lru_cache(4096)
def _caller_at(text: str) -> str:
    found = _read(text)
    if not isinstance(found, IPv6Address):
        return text if found is None else str(found)
    return f"{IPv6Address(int(found) & _HOUSEHOLD)}/64"


_HOUSEHOLD = ~((1 << 64) - 1) & ((1 << 128) - 1)


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
    number = int(found)  # without its zone, which names an interface of one machine
    if found.ipv4_mapped is not None or IPv6Address(number) in _TRANSLATED:
        return IPv4Address(number & 0xFFFF_FFFF)
    return IPv6Address(number)
