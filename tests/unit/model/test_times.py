"""Times that other clocks stamped."""

from datetime import UTC, datetime, timedelta

import pytest

from mailgate.model.times import When, happened, only_forward

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
        (timedelta(minutes=5) + TICK, timedelta(minutes=5) + TICK),
        (timedelta(hours=20), timedelta(hours=20)),
        (timedelta(days=1), timedelta(days=1)),
        (timedelta(days=1) + TICK, timedelta(days=36526) + TICK),
        (timedelta(days=99_999), timedelta(days=2 * 36525)),
    ],
)
@pytest.mark.parametrize("lag", [timedelta(), timedelta(days=7)])
def test_a_time_ahead_may_be_as_much_earlier(ahead: timedelta, earlier: timedelta, lag: timedelta) -> None:
    """Further ahead than clocks differ it may be of any time."""
    assert When(NOW + ahead - lag, NOW + ahead).heard(NOW) == When(NOW - earlier - lag, NOW)


@pytest.mark.parametrize("ahead", [-timedelta(days=900), timedelta(), timedelta(minutes=5)])
def test_a_time_that_is_believed_is_what_its_source_says(ahead: timedelta) -> None:
    said = When(NOW + ahead - timedelta(hours=3), NOW + ahead)
    assert said.heard(NOW) == said


@pytest.mark.parametrize("ahead", [-1, 0.05, 0.5, 8, 23, 30, 24 * 400])
@pytest.mark.parametrize("lag", [0, 3, 24 * 7])
@pytest.mark.parametrize("later", [0, 0.5, 7.95, 8, 9, 24 * 401])
def test_a_date_that_is_told_again_is_as_old_as_when_first_heard(
    ahead: float, lag: float, later: float
) -> None:
    """In hours, whichever of the two comes first to whoever keeps one. The control is the same with another date."""
    date = NOW + timedelta(hours=ahead)
    heard, again, other = (
        When(at - timedelta(hours=lag), at).heard(now)
        for at, now in (
            (date, NOW),
            (date, NOW + timedelta(hours=later)),
            (date + TICK, NOW + timedelta(hours=later)),
        )
    )
    assert heard.told == again.told == date + timedelta(hours=lag)
    assert heard.first(again) == again.first(heard) == heard
    assert other.first(heard) == other
    assert heard.first(None) == heard


def test_a_timer_by_a_clock_that_is_set_back_goes_on() -> None:
    clock = [NOW]
    timer = only_forward(lambda: clock[0])
    told = []
    for hours in (0, 1, 9, 1, 2, 2.5):
        clock[0] = NOW + timedelta(hours=hours)
        told.append(timer() / 3600)
    assert told == [0, 1, 9, 9, 10, 10.5]
