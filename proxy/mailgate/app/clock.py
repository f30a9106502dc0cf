"""The clock of a gate. Everything else is given the time."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)
