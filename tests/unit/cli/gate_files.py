"""What a gate has left in a folder: settings, rules and a store, as commands find them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mailgate.store import Store

T = TypeVar("T")

SETTINGS = """\
listen: 127.0.0.1:0
public_url: http://localhost:8080
upstream: http://127.0.0.1:9080
admin_listen: 127.0.0.1:0
store: sqlite:///mailgate.db
"""
BESIDE = "sqlite:///mailgate.db"
"""The store of a gate whose settings are in the folder where the command runs."""
IN_CONFIG = "sqlite:///config/var/mailgate.db"
"""The store of a gate whose settings are in ``config``."""


def in_store(work: Callable[[Store], Awaitable[T]], url: str = BESIDE) -> T:
    """What this work gives, done in the store as a gate would do it."""

    async def opened() -> T:
        store = await Store.open(url)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(opened())
