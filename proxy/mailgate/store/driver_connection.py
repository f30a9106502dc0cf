"""A connection to the database through the driver alone, for queries that a decision waits for, and for reports of devices; and
the connection to an SQLite file on which SQLAlchemy executes all other statements.

It sends one query at a time. A query reads or writes a few entries, so waiting for a turn costs less than another
connection would. The connection is opened for the first query, and again after a failed one.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import aiosqlite

Rows = Sequence[tuple[Any, ...]]
Values = Mapping[str, str]
Execute = Callable[[str, Any], sqlite3.Cursor]
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
        connecting = ThreadConnection(address, uri=True, isolation_level=None)
        try:
            opened = self._connection = await connecting
        except aiosqlite.Error:
            # the thread reports its end to the loop, which may have ended too
            await asyncio.to_thread(connecting._thread.join)
            raise
        await opened.executescript("".join(f"PRAGMA {pragma};" for pragma in self._pragmas))
        return opened


class ThreadConnection(aiosqlite.Connection):
    """A connection whose statements go to its thread once, and come back with their rows. aiosqlite goes there four times for
    one, which takes longer than most statements."""

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__(partial(sqlite3.connect, path, **options), iter_chunk_size=1)
        self._thread.daemon = True  # a process that is killed does not wait for the thread

    def cursor(self) -> "_ThreadCursor":  # type: ignore[override]
        return _ThreadCursor(self)


class _ThreadCursor(aiosqlite.Cursor):
    """The cursor of one statement, of which nothing is left to close."""

    def __init__(self, connection: ThreadConnection) -> None:
        self._conn = connection
        self._rows: Iterable[Any] = ()

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> aiosqlite.Cursor:
        return await self._once(self._conn._conn.execute, sql, parameters or ())

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> aiosqlite.Cursor:
        return await self._once(self._conn._conn.executemany, sql, parameters)

    async def _once(self, execute: Execute, sql: str, parameters: Iterable[Any]) -> aiosqlite.Cursor:
        cursor, self._rows = await self._execute(_executed, execute, sql, parameters)  # type: ignore[no-untyped-call]
        super().__init__(self._conn, cursor)
        return self

    async def fetchall(self) -> Iterable[Any]:
        return self._rows

    async def close(self) -> None:
        pass


def _executed(execute: Execute, sql: str, parameters: Any) -> tuple[sqlite3.Cursor, list[Any]]:
    with closing(execute(sql, parameters)) as cursor:
        return cursor, cursor.fetchall()
