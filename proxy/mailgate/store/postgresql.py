"""Connections to PostgreSQL that end in time, even if the server does not answer. psycopg is optional, so the import of
this file may fail."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from sqlalchemy.engine import URL

from mailgate.store.driver_connection import Rows, Values

_CANCEL_WAIT_SECONDS = 0.3
"""How many seconds the server has to cancel a query that is given up."""
IDLE_SECONDS = 60
"""How long a transaction may be idle. A gate that is frozen within one then loses its locks."""
UNCOMPILED = "SET jit = off"
"""The server expects many rows of tables that it has not analysed yet, and would compile for tenths of a second what runs in a millisecond."""
_LIMITS = {
    "connect_timeout": 5,  # seconds, for each address
    "keepalives_idle": 15,  # seconds; a server that disappears is noticed after 45
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,  # milliseconds until sent data must be acknowledged
}


class QuickCloseConnection(psycopg.AsyncConnection[Any]):
    """A connection that closes as soon as its query is given up: psycopg would wait up to ten seconds."""

    async def cancel_safe(self, *, timeout: float = _CANCEL_WAIT_SECONDS) -> None:
        """Ask the server to cancel the query, wait a moment, and close the connection."""
        try:
            with suppress(psycopg.Error):
                await super().cancel_safe(timeout=min(timeout, _CANCEL_WAIT_SECONDS))
        finally:
            self.pgconn.finish()


TEXT = {"client_encoding": "utf8"}
"""The encoding of text. It overrides the address, the environment and the settings of the server's role, since for some
encodings psycopg returns bytes."""


def limits(url: URL) -> dict[str, int]:
    """The time limits of a connection. Limits in the address win over these."""
    return {name: value for name, value in _LIMITS.items() if name not in url.query}


def address_of(url: URL) -> str:
    said = {name: str(value) for name, value in limits(url).items()} | TEXT
    return url.update_query_dict(said).set(drivername="postgresql").render_as_string(hide_password=False)


class PostgresDriverConnection:
    """A connection to a PostgreSQL server (``driver_connection.py``), which prepares each statement once. Only psycopg's
    binding of libpq is used: a cursor costs as much as everything else together."""

    def __init__(self, url: URL) -> None:
        self._address = address_of(url)
        self._turn = asyncio.Lock()
        self._connection: QuickCloseConnection | None = None
        self._socket = -1
        self._prepared: dict[str, bytes] = {}
        self._answer: asyncio.Future[PGresult] | None = None

    async def ask(self, statement: str, values: Values) -> Rows:
        """Send one query. If the connection has broken since the last query, a new one is opened."""
        async with self._turn:
            if self._connection is not None:
                with suppress(ConnectionError):
                    return await self._execute(self._connection.pgconn, statement, values)
            try:
                connection = await self._open()
            except psycopg.Error as error:
                raise ConnectionError(type(error).__name__) from error
            return await self._execute(connection.pgconn, statement, values)

    async def close(self) -> None:
        connection, self._connection, self._prepared = self._connection, None, {}
        if connection is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            await connection.close()

    async def _open(self) -> QuickCloseConnection:
        opened = await QuickCloseConnection.connect(self._address, autocommit=True)
        try:
            await opened.execute(UNCOMPILED)
        except BaseException:
            opened.pgconn.finish()
            raise
        opened.pgconn.nonblocking = 1
        self._connection, self._socket = opened, opened.fileno()
        asyncio.get_running_loop().add_reader(self._socket, self._read, opened.pgconn)
        return opened

    async def _execute(self, server: PGconn, statement: str, values: Values) -> Rows:
        try:
            name = self._prepared.get(statement) or await self._prepare(server, statement, tuple(values))
            server.send_query_prepared(name, [value.encode() for value in values.values()])
            found = await self._wait_for_result(server)
        except psycopg.Error as error:
            await self.close()
            raise ConnectionError(type(error).__name__) from error
        except BaseException:  # it was given up: a late answer would be taken for that to the next query
            await self.close()
            raise
        texts = range(found.nfields)
        return [tuple(_text(found.get_value(row, at)) for at in texts) for row in range(found.ntuples)]

    async def _prepare(self, server: PGconn, statement: str, names: Sequence[str]) -> bytes:
        numbered = statement % {name: f"${number}" for number, name in enumerate(names, 1)}
        name = b"mailgate %d" % len(self._prepared)
        server.send_prepare(name, numbered.encode())
        await self._wait_for_result(server)
        self._prepared[statement] = name
        return name

    async def _wait_for_result(self, server: PGconn) -> PGresult:
        self._answer = asyncio.get_running_loop().create_future()
        if server.flush():  # a running server takes a query at once, since queries are short
            raise psycopg.OperationalError("the server accepts no queries")
        found = await self._answer
        if found.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            raise psycopg.OperationalError("the query was refused")
        return found

    def _read(self, server: PGconn) -> None:
        answer, found = self._answer, list[PGresult]()
        try:
            server.consume_input()
            if server.is_busy():
                return
            while (result := server.get_result()) is not None:
                found.append(result)
        except psycopg.Error as error:
            asyncio.get_running_loop().remove_reader(self._socket)
            if answer is not None and not answer.done():
                answer.set_exception(error)
            return
        if found and answer is not None and not answer.done():
            answer.set_result(found[-1])


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
