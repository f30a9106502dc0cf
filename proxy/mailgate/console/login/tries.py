"""Limits tries to log in, by name and caller, by caller, and by name from all callers."""

from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta

from cachetools import LRUCache

from mailgate.gateway.answer import RateLimit
from mailgate.model.addresses import rate_limit_key

SPAN = timedelta(minutes=5)
MAX_BY_NAME_AND_CALLER, MAX_BY_CALLER, MAX_BY_NAME = 10, 60, 100
MAX_REMEMBERED = 10_000


class LoginTries:
    """Counts in memory. Tries of others cannot keep a person out at an address from which they have logged in before."""

    def __init__(self) -> None:
        self._both = RateLimit(MAX_BY_NAME_AND_CALLER, SPAN)
        self._caller = RateLimit(MAX_BY_CALLER, SPAN)
        self._name = RateLimit(MAX_BY_NAME, SPAN)
        self._places: LRUCache[tuple[str, str], None] = LRUCache(MAX_REMEMBERED)

    def wait(self, name: str, address: str, now: datetime) -> timedelta:
        """How long this try has to wait. If it need not wait, it is counted, whatever its result."""
        caller = rate_limit_key(address)
        both = (name, caller)
        counts: list[tuple[RateLimit, Hashable]] = [(self._both, both)]
        if both not in self._places:
            counts += [(self._caller, caller), (self._name, name)]
        return _wait(counts, now)

    def wait_to_begin(self, address: str, now: datetime) -> timedelta:
        """How long a login at a provider has to wait. It has no name yet."""
        return _wait([(self._caller, rate_limit_key(address))], now)

    def note_success(self, name: str, address: str) -> None:
        """Remember that somebody has logged in from this address."""
        self._places[name, rate_limit_key(address)] = None


def _wait(counts: Sequence[tuple[RateLimit, Hashable]], now: datetime) -> timedelta:
    wait = max(rates.wait(who, now) for rates, who in counts)
    for rates, who in () if wait else counts:
        rates.note(who, now)
    return wait
