"""Many questions, a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from mailgate.tasks import end_all

Item = TypeVar("Item")
Found = TypeVar("Found")


async def together(
    work: Callable[[Item], Awaitable[Found]], items: Sequence[Item], at_once: int
) -> list[Found]:
    """What ``work`` makes of each item, in their order. Where one fails the others end, and its error is raised."""
    free = asyncio.Semaphore(at_once)

    async def one(item: Item) -> Found:
        async with free:
            return await work(item)

    tasks = [asyncio.get_running_loop().create_task(one(item)) for item in items]
    try:
        return await asyncio.gather(*tasks)
    finally:
        await end_all(tasks)
