"""Remembers spent proofs, so that each proof counts once (RFC 9449, section 11.1)."""

from collections import OrderedDict
from datetime import datetime
from enum import Enum


class SpendResult(Enum):
    """The outcome of spending a ticket."""

    ACCEPTED = "accepted"
    SPENT_BEFORE = "spent before"
    MEMORY_FULL = "memory full"


class ReplayGuard:
    """Keeps at most ``capacity`` live tickets in this process. Each takes about 150 bytes.

    If it is full of live tickets, it accepts no more: if it forgot one early, the proof of that ticket would count a second
    time. It assumes that tickets end in the order in which they came, which is true if all live equally long.
    """

    def __init__(self, capacity: int = 200_000) -> None:
        self._capacity = capacity
        self._ends: OrderedDict[bytes, datetime] = OrderedDict()

    def __len__(self) -> int:
        return len(self._ends)

    def spend(self, ticket: bytes, *, now: datetime, until: datetime) -> SpendResult:
        self._forget_ended(now)
        if ticket in self._ends:
            return SpendResult.SPENT_BEFORE
        if len(self._ends) >= self._capacity:
            return SpendResult.MEMORY_FULL
        self._ends[ticket] = until
        return SpendResult.ACCEPTED

    def _forget_ended(self, now: datetime) -> None:
        while self._ends:
            ticket, until = next(iter(self._ends.items()))
            if until >= now:
                return
            del self._ends[ticket]
