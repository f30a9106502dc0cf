"""Detects a key that is used in two places at once, which is a sign that somebody copied it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address

from cachetools import LRUCache

from mailgate.model import RequestFacts

WITHIN = timedelta(minutes=10)
"""The time within which a return counts. It is as long as a token of the gate lives."""
_NETWORK_BYTES = {4: 3, 6: 6}
"""A phone's address changes within its network, so the /24 or the /48 is compared. These are their bytes, by IP version."""


@dataclass(slots=True)
class _KeyPlaces:
    """The place where a key is used and the place before that, with the times of their last use."""

    place: bytes
    at: datetime
    before: bytes = b""
    before_at: datetime | None = None


class CopiedKeys:
    """Remembers the last two places of each key, as hashes, ``size`` keys at most."""

    def __init__(self, size: int = 50_000) -> None:
        self._used: LRUCache[tuple[str, int], _KeyPlaces] = LRUCache(size)

    def moved_back(self, thumbprint: str, facts: RequestFacts, now: datetime) -> bool:
        """Whether this key came back to an earlier place from another place within ten minutes.

        Every device moves from one network to the next, but no device is in two of them at once. IPv4 and IPv6 are
        kept apart, since a browser may use both at once.
        """
        version, place = _place(facts)
        used = self._used.get((thumbprint, version))
        if used is None or used.place == place:
            before = (used.before, used.before_at) if used else (b"", None)
            self._used[thumbprint, version] = _KeyPlaces(place, now, *before)
            return False
        back = used.before == place and used.before_at is not None and now - used.before_at < WITHIN
        self._used[thumbprint, version] = _KeyPlaces(place, now, used.place, used.at)
        return back


def _place(facts: RequestFacts) -> tuple[int, bytes]:
    """A place: a network and a browser."""
    try:
        address = ip_address(facts.remote)
    except ValueError:
        version, network = 0, b""
    else:
        version, network = address.version, address.packed[: _NETWORK_BYTES[address.version]]
    seen = network + b"\n" + facts.user_agent.encode("utf-8", "surrogatepass")
    return version, sha256(seen).digest()[:8]
