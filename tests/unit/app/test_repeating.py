"""Looks go on, whatever breaks one of them."""

import asyncio

import pytest

from mailgate.app.repeating import repeat
from mailgate.store import StoreUnavailableError


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
