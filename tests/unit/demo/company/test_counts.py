"""The charts of the made-up company."""

from datetime import UTC, datetime, timedelta

from mailgate.demo.company.counts import HOUR, _shares

NOW = datetime(2026, 12, 1, 12, 30, 20, tzinfo=UTC)


def test_requests_are_spread_over_their_time_and_none_is_lost() -> None:
    for hours in (0, 0.5, 2, 9, 40):
        parts = list(_shares(NOW - timedelta(hours=hours), NOW, 97, NOW))
        assert sum(times for _, times in parts) == 97
        assert [at for at, _ in parts] == sorted({at for at, _ in parts})
    long_ago = list(_shares(NOW - timedelta(days=3), NOW - timedelta(days=3) + 5 * HOUR, 50, NOW))
    assert len(long_ago) <= 6
