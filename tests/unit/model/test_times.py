"""Times that other clocks stamped."""

from datetime import UTC, datetime, timedelta

import pytest

from mailgate.model.times import earliest, happened

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)
"""What the store has in place of a time that is unknown."""
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW - timedelta(days=900), NOW - timedelta(days=900)),
        (NOW, NOW),
        (NOW + TICK, NOW),
        (NOW + timedelta(minutes=5), NOW),
        (NOW + timedelta(minutes=5) + TICK, None),
        (datetime.max.replace(tzinfo=UTC), None),
        (UNKNOWN + TICK, UNKNOWN + TICK),
        (UNKNOWN, None),
        (UNKNOWN - TICK, None),
        (None, None),
    ],
)
def test_nothing_happened_later_than_now(at: datetime | None, expected: datetime | None) -> None:
    assert happened(at, NOW) == expected


@pytest.mark.parametrize(
    ("ahead", "earlier"),
    [
        (-timedelta(days=900), timedelta(days=900)),
        (timedelta(minutes=5), timedelta()),
        (timedelta(minutes=5) + TICK, timedelta(minutes=5) + TICK),
        (timedelta(hours=20), timedelta(hours=20)),
    ],
)
def test_a_time_ahead_may_be_as_much_earlier(ahead: timedelta, earlier: timedelta) -> None:
    assert earliest(NOW + ahead, NOW) == NOW - earlier
