"""Calls a function regularly as long as the gate runs."""

import asyncio
from collections.abc import Awaitable, Callable

from mailgate.store import StoreError


async def repeat(poll: Callable[[], Awaitable[None]], every: float, *, failed: Callable[[str], None]) -> None:
    """Call ``poll`` every ``every`` seconds, until cancelled. ``failed`` receives the name of an error that it raised.

    A store that cannot be reached is no error: the first poll after it returns sees what has changed.
    """
    while True:
        try:
            await poll()
        except StoreError:
            pass
        except Exception as error:  # noqa: BLE001 - the loop goes on after any error
            failed(type(error).__name__)
        await asyncio.sleep(every)
