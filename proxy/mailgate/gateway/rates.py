"""How often somebody may try: counted in memory, a bounded number of them."""

from collections.abc import Hashable
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

from cachetools import LRUCache

HOUSEHOLD = 8
"""Bytes of an IPv6 address that one caller has at least: all the rest of it is theirs to choose."""


def caller_at(address: str) -> str:
    """Whom tries from an address are counted for, everywhere: the address, of IPv6 its /64. What is no address is itself."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Address(found.packed[:HOUSEHOLD].ljust(16, b"\0")))


class Rates:
    """At most ``most`` tries of each within ``span``, counted from the first of them; ``size`` are remembered."""

    def __init__(self, most: int, span: timedelta, size: int = 20_000) -> None:
        self.most, self.span = most, span
        self._tries: LRUCache[Hashable, tuple[datetime, int]] = LRUCache(size)

    def wait(self, who: Hashable, now: datetime) -> timedelta:
        """How long until they may try again; nothing where they may now."""
        since, count = self._tries.get(who, (now, 0))
        left = since + self.span - now
        return left if count >= self.most and timedelta() < left <= self.span else timedelta()

    def note(self, who: Hashable, now: datetime) -> None:
        """Count one try."""
        since, count = self._tries.get(who, (now, 0))
        within = timedelta() <= now - since < self.span
        self._tries[who] = (since, count + 1) if within else (now, 1)
