"""What is known of a device."""

from datetime import UTC, datetime, timedelta

from mailgate.model import Posture, PostureState

AT = datetime(2026, 12, 1, tzinfo=UTC)


def test_a_device_of_which_nothing_is_known_is_missing_not_clean():
    assert Posture().state is PostureState.MISSING


def test_a_source_can_have_looked_as_much_earlier_as_it_lags():
    assert Posture(reported_at=AT, lag=timedelta(hours=7)).looked_from == AT - timedelta(hours=7)
    assert Posture(reported_at=AT).looked_from == AT
    assert Posture(lag=timedelta(hours=7)).looked_from is None
