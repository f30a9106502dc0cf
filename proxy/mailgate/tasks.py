"""Ends tasks that run beside whoever started them."""

import asyncio
from collections.abc import Iterable
from typing import Any


async def end_all(tasks: Iterable[asyncio.Future[Any] | None]) -> None:
    """Cancel these tasks and wait until each of them has ended, whatever it raises."""
    started = [task for task in tasks if task is not None]
    for task in started:
        task.cancel()
    await asyncio.gather(*started, return_exceptions=True)


async def end(task: asyncio.Future[Any] | None) -> None:
    """The same with one task, where it was started."""
    await end_all([task])
