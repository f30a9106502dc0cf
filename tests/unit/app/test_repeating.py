"""Looks go on, whatever breaks one of them."""

import asyncio

import pytest
from structlog.testing import capture_logs

from mailgate.app.repeating import repeat
from mailgate.store import StoreUnavailableError


async def test_the_next_look_comes_whatever_broke_this_one() -> None:
    broken = [ValueError("secret"), StoreUnavailableError("away"), asyncio.CancelledError()]
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        raise broken[looks - 1]

    with capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await repeat(look, 0, failed="look-failed")
    assert looks == 3
    assert [(line["event"], line["error"]) for line in logs] == [("look-failed", "ValueError")]
