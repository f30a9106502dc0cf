"""Looks at something regularly while the gate runs."""

import asyncio
from collections.abc import Awaitable, Callable

from mailgate.store import StoreError


async def repeat(look: Callable[[], Awaitable[None]], every: float, *, failed: Callable[[str], None]) -> None:
    """Look every ``every`` seconds, until cancelled. ``failed`` is given the name of an error that broke a look.

    A store that is away is no error: the first look after it is back sees what has changed meanwhile.
    """
    while True:
        try:
            await look()
        except StoreError:
            pass
        except Exception as error:  # noqa: BLE001 - the next look must come whatever broke this one
            failed(type(error).__name__)
        await asyncio.sleep(every)
