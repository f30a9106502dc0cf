"""Times that other clocks stamped."""

from datetime import UTC, datetime, timedelta

import pytest

from mailgate.model.times import AHEAD, LONG_AGO, happened

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW - timedelta(days=900), NOW - timedelta(days=900)),
        (NOW, NOW),
        (NOW + AHEAD, NOW),
        (NOW + AHEAD + timedelta(microseconds=1), None),
        (datetime.max.replace(tzinfo=UTC), None),
        (LONG_AGO, None),
        (None, None),
    ],
)
def test_nothing_happened_later_than_now(at: datetime | None, expected: datetime | None) -> None:
    assert happened(at, NOW) == expected
