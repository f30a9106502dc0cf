"""The clock of a gate. Other code gets the time as an argument or from a clock that it is given."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)
