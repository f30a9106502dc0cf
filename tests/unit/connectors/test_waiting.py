from datetime import UTC, datetime

import pytest

from mailgate.connectors.waiting import MOST, backoff, retry_after

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("999999999999999999999", MOST),
        ("Tue, 24 Nov 2026 12:00:30 GMT", 30.0),
        ("Tue, 24 Nov 2026 12:00:30 -0000", 30.0),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        ("Tue, 24 Nov 2037 11:00:00 GMT", MOST),
        ("-1", None),
        ("soon", None),
        ("Tue, 24 Nov 2026 12:00:30 +99999999999999", None),
        ("٣", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(said, seconds):
    assert retry_after({"retry-after": said}, NOW) == seconds


def test_backoff_doubles_and_leaves_half_to_chance():
    assert [backoff(attempt, 1.0) for attempt in range(4)] == [1.0, 2.0, 4.0, 8.0]
    assert backoff(2, 0.0) == 2.0
    assert backoff(60, 1.0) == MOST
