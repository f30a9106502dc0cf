"""The clock of a gate, and what is done regularly by it. Other code gets the time as an argument or from a clock that it is given."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from mailgate.store import StoreError


def utc_now() -> datetime:
    return datetime.now(UTC)


@lru_cache(maxsize=64)
def moment_of(reading: float) -> datetime:
    """The time at which ``time.monotonic`` read this. It stays the same however often it is asked for, also if the clock
    is set meanwhile."""
    return utc_now() - timedelta(seconds=time.monotonic() - reading)


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
