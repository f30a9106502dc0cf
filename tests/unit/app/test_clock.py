import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.app.clock import moment_of, repeat, utc_now
from mailgate.store import StoreUnavailableError


def test_the_clock_is_aware_and_in_utc() -> None:
    assert utc_now().tzinfo is UTC


def test_a_moment_is_the_same_whenever_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = time.monotonic() - 60
    moment = moment_of(reading)
    assert timedelta(seconds=59) < utc_now() - moment < timedelta(hours=1)
    monkeypatch.setattr("mailgate.app.clock.utc_now", lambda: datetime(2030, 1, 1, tzinfo=UTC))
    assert moment_of(reading) == moment


async def test_the_next_look_comes_whatever_broke_this_one() -> None:
    broken = [ValueError("secret"), StoreUnavailableError("away"), asyncio.CancelledError()]
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        raise broken[looks - 1]

    told: list[str] = []
    with pytest.raises(asyncio.CancelledError):
        await repeat(look, 0, failed=told.append)
    assert (looks, told) == (3, ["ValueError"])
