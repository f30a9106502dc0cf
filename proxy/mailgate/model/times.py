"""Times that some clock has stamped: of a device, of a source, or of a gate that has been set right since.

Whoever orders such times, or reckons an age from one, asks here. Nothing can have happened after now, so a time ahead is
the work of a clock that was wrong, and when it happened is then unknown. Otherwise a "clean" of the day after tomorrow would
hide the report of today, and would count for two days longer.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Stored in place of a time that is unknown. So is every earlier one: ``When`` leaves a trace of the date that was told."""
AHEAD = timedelta(minutes=5)
"""How far a time may lie ahead and still be believed, since no two clocks agree. It then counts as now."""
SOURCE_AHEAD = timedelta(days=1)
"""How far a source's clock may be ahead, including a time zone that it does not state."""
_CENTURY = timedelta(days=36525)
"""Added to how far a date is ahead where nobody knows how much earlier it was: the time is then before ``LONG_AGO``, and the date still follows."""


def happened(at: datetime | None, now: datetime) -> datetime | None:
    """When something happened that is stored as of ``at``, never later than ``now``; None if that is unknown."""
    if at is None or at <= LONG_AGO or at > now + AHEAD:
        return None
    return min(at, now)


def known(at: datetime | None) -> datetime | None:
    """A stored time as people are told it; None if nobody knows it."""
    return at if at and at > LONG_AGO else None


def only_forward(clock: Callable[[], datetime]) -> Callable[[], float]:
    """A timer in seconds, by which nothing lasts longer where ``clock`` is set back."""
    last, seconds = clock(), 0.0

    def timer() -> float:
        nonlocal last, seconds
        last, before = clock(), last
        seconds += max((last - before).total_seconds(), 0.0)
        return seconds

    return timer


class When(NamedTuple):
    """When something happened, as far as that is known. Whoever asks takes the end that restricts."""

    since: datetime
    """The earliest time."""
    at: datetime
    """The latest time."""

    def heard(self, now: datetime) -> "When":
        """What a source dates so and tells the first time ``now``. If that is ahead, it happened before now, and may be as much earlier as
        the clock is seen to be wrong; if it is further ahead than clocks differ, nobody knows how much earlier."""
        if self.at <= now + AHEAD:
            return self
        ahead, lag = (min(each, _CENTURY) for each in (self.at - now, self.at - self.since))
        return When(now - ahead - lag - (_CENTURY if ahead > SOURCE_AHEAD else timedelta()), now)

    @property
    def told(self) -> datetime:
        """The date that the source told, which ``heard`` keeps: the same whenever it tells that again."""
        return self.at + (self.at - self.since) % _CENTURY

    def first(self, other: "When | None") -> "When":
        """The one that was heard first, if both are one telling: what a source says again is as old as it was, however exactly it writes
        the time."""
        is_again = other and other.at < self.at and abs(other.told - self.told) < timedelta(seconds=1)
        return other if other and is_again else self
