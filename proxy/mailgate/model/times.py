"""Times that some clock has stamped: of a device, of a source, or of a gate that has been set right since.

Whoever orders such times, or reckons an age from one, asks here. Nothing can have happened after now, so a time ahead is
the work of a clock that was wrong, and when it happened is then unknown. Otherwise a "clean" of the day after tomorrow would
hide the report of today, and would count for two days longer.
"""

from datetime import UTC, datetime, timedelta

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Stored in place of a time that is unknown."""
AHEAD = timedelta(minutes=5)
"""How far a time may lie ahead and still be believed, since no two clocks agree. It then counts as now."""


def happened(at: datetime | None, now: datetime) -> datetime | None:
    """When something happened that is stored as of ``at``, never later than ``now``; None if that is unknown."""
    if at is None or at <= LONG_AGO or at > now + AHEAD:
        return None
    return min(at, now)


def earliest(at: datetime, now: datetime) -> datetime:
    """The earliest time of what a clock dates ``at``, and what is known ``now``: if that is ahead, it may be as much earlier as the
    clock is seen to be wrong."""
    return min(at, now) if at <= now + AHEAD else now - (at - now)
