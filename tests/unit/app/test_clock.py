import time
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.app import moment_of, utc_now


def test_the_clock_is_aware_and_in_utc() -> None:
    assert utc_now().tzinfo is UTC


def test_a_moment_is_the_same_whenever_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = time.monotonic() - 60
    moment = moment_of(reading)
    assert timedelta(seconds=59) < utc_now() - moment < timedelta(hours=1)
    monkeypatch.setattr("mailgate.app.utc_now", lambda: datetime(2030, 1, 1, tzinfo=UTC))
    assert moment_of(reading) == moment
