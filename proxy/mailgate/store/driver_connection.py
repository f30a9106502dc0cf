"""A connection to the database through the driver alone, for queries that a decision waits for, and for reports of devices.

It sends one query at a time. A query reads or writes a few entries, so waiting for a turn costs less than another
connection would. The connection is opened for the first query, and again after a failed one.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import aiosqlite

Rows = Sequence[tuple[Any, ...]]
Values = Mapping[str, str]
PATIENT = ("busy_timeout=5000",)


class DriverConnection(Protocol):
    """A connection of a driver. Every failure to answer becomes ``OSError``."""

    async def ask(self, statement: str, values: Values) -> Rows:
        """Send a query, and return its rows as texts. ``values`` are parameters by name."""
        ...

    async def close(self) -> None: ...


class SqliteDriverConnection:
    """A connection to an SQLite file. A separate thread reads the file, so that a hanging disk blocks nothing else."""

    def __init__(self, path: Path, pragmas: Sequence[str] = PATIENT) -> None:
        self._path, self._pragmas = path, pragmas
        self._turn = asyncio.Lock()
        self._connection: aiosqlite.Connection | None = None

    async def ask(self, statement: str, values: Values) -> Rows:
        async with self._turn:
            try:
                connection = self._connection or await self._open()
                return [*map(tuple, await connection.execute_fetchall(statement, dict(values)))]
            except aiosqlite.Error as error:
                await self.close()
                raise ConnectionError(str(error)) from error

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(aiosqlite.Error):
                await connection.close()

    async def _open(self) -> aiosqlite.Connection:
        address = f"{self._path.as_uri()}?mode=rw"  # otherwise a missing file would be created, and empty
        connecting = aiosqlite.connect(address, uri=True, isolation_level=None)
        connecting._thread.daemon = True  # a process that is killed does not wait for the thread
        try:
            opened = self._connection = await connecting
        except aiosqlite.Error:
            # the thread reports its end to the loop, which may have ended too
            await asyncio.to_thread(connecting._thread.join)
            raise
        await opened.executescript("".join(f"PRAGMA {pragma};" for pragma in self._pragmas))
        return opened
