"""A line to the database by the driver alone, for the questions that a decision waits for.

One connection, and one question at a time: each is a few looks at indexes, so that who comes next waits less than another
connection would cost. It is opened for the first question, and anew after one that failed.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import aiosqlite
from sqlalchemy.engine import URL

Rows = Sequence[tuple[Any, ...]]
Values = Mapping[str, str]


class Line(Protocol):
    """A way to ask. ``OSError`` is what every failure to answer becomes."""

    async def ask(self, statement: str, values: Values) -> Rows:
        """The rows; values go in by name, and what comes back are texts."""
        ...

    async def close(self) -> None: ...


def line_to(url: URL) -> Line:
    """The line to this database; nothing is opened yet."""
    if url.get_backend_name() == "sqlite":
        return FileLine(Path(str(url.database)))
    from mailgate.store.postgresql import ServerLine  # psycopg is an extra

    return ServerLine(url)


class FileLine:
    """To an SQLite file, which a thread of its own reads: a disk that hangs holds nobody else up."""

    def __init__(self, path: Path) -> None:
        self._path = path
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
        address = (
            f"{self._path.as_uri()}?mode=rw"  # without it a file that is gone would be made anew, and empty
        )
        connecting = aiosqlite.connect(address, uri=True, isolation_level=None)
        connecting._thread.daemon = True  # a process that ends without a word does not wait for it
        try:
            opened = self._connection = await connecting
        except aiosqlite.Error:
            await asyncio.to_thread(
                connecting._thread.join
            )  # it tells the loop of its end, which may end too
            raise
        await opened.execute("PRAGMA busy_timeout=5000")
        return opened
