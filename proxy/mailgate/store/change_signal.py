"""Reports changes of the store at once, so that a waiting task need not wait until it would look again.

PostgreSQL notifies every session that listens (LISTEN, NOTIFY). SQLite has a number that changes with every commit of
another connection (PRAGMA data_version), and this number is read often. A pooler in between may lose notifications, so
every waiting task looks again after a while in any case.
"""

import asyncio
from contextlib import suppress
from pathlib import Path

import aiosqlite
from sqlalchemy import func, select
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection

CHANNEL = "mailgate"
READ_INTERVAL_SECONDS = 0.1
"""The interval in which SQLite's number is read, in seconds."""
RECONNECT_SECONDS = 5.0
"""The pause before a broken connection is opened again, in seconds."""


async def notify_gates(connection: AsyncConnection) -> None:
    """Notify every gate when this transaction is committed. SQLite needs no notification."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_notify(CHANNEL, "")))


class ChangeSignal:
    """Counts changes while ``run`` runs as a task."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._waiting: set[asyncio.Future[None]] = set()
        self.rings = 0
        """The number of changes so far."""

    async def wait(self, timeout_seconds: float, heard: int) -> int:
        """Wait until there are more than ``heard`` changes, at most ``timeout_seconds`` seconds. Returns their number."""
        if self.rings == heard:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.add(waiter)
            with suppress(TimeoutError):
                try:
                    async with asyncio.timeout(timeout_seconds):
                        await waiter
                finally:
                    self._waiting.discard(waiter)
        return self.rings

    async def run(self) -> None:
        """Listen until cancelled. If the database cannot be reached, try again."""
        listen = self._read_number if self._url.get_backend_name() == "sqlite" else self._listen
        while True:
            with suppress(Exception):  # after any error, waiting tasks look again by themselves
                await listen()
            await asyncio.sleep(RECONNECT_SECONDS)

    def _ring(self) -> None:
        self.rings += 1
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def _listen(self) -> None:
        import psycopg  # psycopg is an optional dependency, for PostgreSQL only

        from mailgate.store.postgresql import address_of

        connection = await psycopg.AsyncConnection.connect(address_of(self._url), autocommit=True)
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            async for _ in connection.notifies():
                self._ring()

    async def _read_number(self) -> None:
        if not Path(str(self._url.database)).exists():  # noqa: ASYNC240 - a stat of a local file; opening it would create it
            return
        async with aiosqlite.connect(str(self._url.database)) as connection:
            before = None
            while True:
                async with connection.execute("PRAGMA data_version") as found:
                    number = await found.fetchone()
                if before is not None and number != before:
                    self._ring()
                before = number
                await asyncio.sleep(READ_INTERVAL_SECONDS)
