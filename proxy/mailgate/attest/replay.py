"""A proof counts once: the memory of those that were spent (RFC 9449, section 11.1)."""

from collections import OrderedDict
from datetime import datetime
from enum import Enum
from typing import Protocol


class Spending(Enum):
    """What came of spending a ticket."""

    ACCEPTED = "accepted"
    SPENT_BEFORE = "spent before"
    MEMORY_FULL = "memory full"


class ReplayGuard(Protocol):
    """Remembers tickets until they could not be used again anyway. May be shared by several gates."""

    def spend(self, ticket: bytes, *, now: datetime, until: datetime) -> Spending:
        """Take ``ticket`` in, in one step with the check that it is not known. Never raises."""
        ...


class MemoryReplayGuard:
    """Keeps tickets in this process. At most ``capacity`` of them live at a time, some 150 bytes each.

    Full of live tickets it accepts none: to forget one early would let its proof in a second time. The
    order of taking in is taken for the order of ending, which holds where all live equally long.
    """

    def __init__(self, capacity: int = 200_000) -> None:
        self._capacity = capacity
        self._ends: OrderedDict[bytes, datetime] = OrderedDict()

    def __len__(self) -> int:
        return len(self._ends)

    def spend(self, ticket: bytes, *, now: datetime, until: datetime) -> Spending:
        self._forget_ended(now)
        if ticket in self._ends:
            return Spending.SPENT_BEFORE
        if len(self._ends) >= self._capacity:
            return Spending.MEMORY_FULL
        self._ends[ticket] = until
        return Spending.ACCEPTED

    def _forget_ended(self, now: datetime) -> None:
        while self._ends:
            ticket, until = next(iter(self._ends.items()))
            if until >= now:
                return
            del self._ends[ticket]
