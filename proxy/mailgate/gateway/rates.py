"""How often somebody may try: counted in memory, a bounded number of them."""

from collections.abc import Hashable
from datetime import datetime, timedelta

from cachetools import LRUCache


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
