"""Limits how often a caller may try something. The counts are kept in memory, for a bounded number of callers."""

from collections.abc import Hashable
from datetime import datetime, timedelta

from cachetools import LRUCache


class RateLimit:
    """Allows each caller ``max_tries`` tries within ``span``, counted from the first try. It remembers ``size`` callers."""

    def __init__(self, max_tries: int, span: timedelta, size: int = 20_000) -> None:
        self.max_tries, self.span = max_tries, span
        self._tries: LRUCache[Hashable, tuple[datetime, int]] = LRUCache(size)

    def wait(self, who: Hashable, now: datetime) -> timedelta:
        """How long the caller has to wait for the next try; zero if they may try now."""
        since, count = self._tries.get(who, (now, 0))
        left = since + self.span - now
        return left if count >= self.max_tries and timedelta() < left <= self.span else timedelta()

    def note(self, who: Hashable, now: datetime) -> int:
        """Count one try. Returns how many it makes."""
        since, count = self._tries.get(who, (now, 0))
        within = timedelta() <= now - since < self.span
        self._tries[who] = (since, count + 1) if within else (now, 1)
        return self._tries[who][1]
