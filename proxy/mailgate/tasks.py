"""Ends background tasks."""

import asyncio
from collections.abc import Iterable
from typing import Any


async def end_all(tasks: Iterable[asyncio.Future[Any] | None]) -> None:
    """Cancel these tasks and wait until each of them has ended, even if it raises."""
    started = [task for task in tasks if task is not None]
    for task in started:
        task.cancel()
    await asyncio.gather(*started, return_exceptions=True)


async def end(task: asyncio.Future[Any] | None) -> None:
    """End one task; None is ignored."""
    await end_all([task])
