import asyncio

import pytest

from mailgate.connectors.together import together


async def test_everything_in_its_order_and_never_more_at_once_than_allowed():
    running, most = 0, 0

    async def work(item):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return item * 2

    assert await together(work, range(10), 3) == [item * 2 for item in range(10)]
    assert most == 3


async def test_where_one_fails_the_others_end():
    ended = []

    async def work(item):
        if item == 1:
            raise LookupError
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append(item)
            raise

    with pytest.raises(LookupError):
        await together(work, [0, 1, 2], 3)
    assert ended == [0, 2]


async def test_nothing_to_do():
    assert await together(asyncio.sleep, [], 4) == []
