"""Looks at something again and again for as long as the gate runs."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from mailgate.store import StoreError

log = structlog.get_logger()


async def repeat(look: Callable[[], Awaitable[None]], every: float, *, failed: str) -> None:
    """Look every so many seconds, until cancelled. The log tells ``failed`` of a look that broke.

    A store that is away breaks nothing: the next look after it is back sees what has changed meanwhile.
    """
    while True:
        try:
            await look()
        except StoreError:
            pass
        except Exception as error:  # noqa: BLE001 - the next look must come whatever broke this one
            log.error(failed, error=type(error).__name__)
        await asyncio.sleep(every)
