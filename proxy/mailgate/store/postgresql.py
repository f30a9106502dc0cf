"""Connections to PostgreSQL that end in time, whatever becomes of the server. An extra: only who uses it has psycopg."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psycopg
from sqlalchemy.engine import URL

from mailgate.store.line import Rows

_GOODBYE = 0.3
"""Seconds to ask the server to drop a question that is given up."""
IDLE_SECONDS = 60
"""How long a transaction may stand still: a gate that was frozen in one holds its locks no longer."""
_LIMITS = {
    "connect_timeout": 5,  # seconds, for each address
    "keepalives_idle": 15,  # seconds; a server that is gone without a word is noticed after 45
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,  # milliseconds until what was sent must have arrived
}


class HastyConnection(psycopg.AsyncConnection[Any]):
    """Is let go of as soon as a question on it is given up. psycopg would wait up to ten seconds for its end."""

    async def cancel_safe(self, *, timeout: float = _GOODBYE) -> None:
        """Ask the server to drop the question, for a moment, and close the connection."""
        try:
            with suppress(psycopg.Error):
                await super().cancel_safe(timeout=min(timeout, _GOODBYE))
        finally:
            self.pgconn.finish()


def limits(url: URL) -> dict[str, int]:
    """How long to wait for a server, as far as the address does not say it itself."""
    return {name: value for name, value in _LIMITS.items() if name not in url.query}


def address_of(url: URL) -> str:
    """What psycopg connects to, limits in it."""
    limited = url.update_query_dict({name: str(value) for name, value in limits(url).items()})
    return limited.set(drivername="postgresql").render_as_string(hide_password=False)


class ServerLine:
    """The line to a PostgreSQL (``line.py``). The server reads each statement once and keeps what it makes of it."""

    def __init__(self, url: URL) -> None:
        self._address = address_of(url)
        self._turn = asyncio.Lock()
        self._connection: HastyConnection | None = None

    async def ask(self, statement: str, values: Mapping[str, Any]) -> Rows:
        """Ask, on a new connection where the one that there was has broken since the last question."""
        async with self._turn:
            if self._connection is not None:
                with suppress(psycopg.OperationalError):
                    return await self._on(self._connection, statement, values)
            try:
                return await self._on(await self._open(), statement, values)
            except psycopg.Error as error:
                raise ConnectionError(type(error).__name__) from error

    async def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _on(self, connection: HastyConnection, statement: str, values: Mapping[str, Any]) -> Rows:
        found = await connection.execute(statement.encode(), values, prepare=True)
        return await found.fetchall()

    async def _open(self) -> HastyConnection:
        await self.close()
        self._connection = await HastyConnection.connect(self._address, autocommit=True)
        return self._connection
