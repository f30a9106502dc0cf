"""Runs an event loop beside tests of browsers that block."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

from tests.servers import PATIENCE

Made = TypeVar("Made")


@contextmanager
def in_a_thread(making: AbstractAsyncContextManager[Made]) -> Iterator[Made]:
    """The object that this context manager makes, until the block ends. It runs on a loop of its own, in another
    thread."""
    ready, ends, found = threading.Event(), threading.Event(), list[Made]()

    async def run() -> None:
        async with making as made:
            found.append(made)
            ready.set()
            await asyncio.to_thread(ends.wait)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        yield found[0]
    finally:
        ends.set()
        thread.join(30)
