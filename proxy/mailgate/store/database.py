"""Access to the database: its connections and its transactions, each bounded in time. If the store hangs, one query tries it,
and all others fail at once."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, RowMapping, Select, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.sql.dml import ReturningUpdate

from mailgate.store.driver_connection import (
    PATIENT,
    DriverConnection,
    Rows,
    SqliteDriverConnection,
    ThreadConnection,
    Values,
)
from mailgate.store.errors import StoreUnavailableError, unavailable
from mailgate.store.folding import teach

RETRY_AFTER_SECONDS = 3.0
"""The seconds between two tries of a hanging store, longer than the limit of a short query."""
CHECK_TIMEOUT_SECONDS = 3600.0
"""How many seconds a check of the file may take, since it reads all of a large one."""
MAX_FAULTS = 20
"""The most faults of each kind that are listed."""


class CircuitBreaker:
    """Opens when a query got no answer in time, and closes with the next answer. ``clock`` returns seconds."""

    def __init__(self, clock: Callable[[], float], rest: float = RETRY_AFTER_SECONDS) -> None:
        self._clock = clock
        self._rest = rest
        self._open = False
        self._again = 0.0
        self._answered_at = float("-inf")

    def enter(self) -> float | None:
        """The time of this query; None if it must not be sent now. One after ``RETRY_AFTER_SECONDS`` tries the store."""
        now = self._clock()
        if self._open and now < self._again:
            return None
        self._again = now + self._rest
        return now

    def answered(self) -> None:
        self._open, self._answered_at = False, self._clock()

    def timed_out(self, since: float) -> None:
        """Note that a query sent at ``since`` was given up. The breaker stays closed if others were answered since."""
        if self._answered_at < since:
            self._open, self._again = True, self._clock() + self._rest


_WRITES = "mailgate_writes"
_TIMEOUT_SECONDS = 2.5
"""How many seconds a query may take: a little more than ``Database.reading`` allows, so that it can end by itself."""

_CLOSE_WAIT_SECONDS = 5.0

_limited = asyncio.timeout
"""Bounds every transaction in time. Unit tests lengthen it: how fast their machine is proves nothing."""

Read = TypeVar("Read")
_PRAGMAS = (
    "busy_timeout=5000",
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "cache_size=-16000",  # KiB for each connection, because an import writes all over the indexes
    "wal_autocheckpoint=16000",  # in pages; a page that is written many times reaches the file once
    "secure_delete=ON",  # deleted rows are overwritten and not only unlinked
)


def prepare(engine: Engine) -> None:
    """Set up the transactions of an engine, and its connections to PostgreSQL."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "begin", _begin)
    else:
        event.listen(engine, "connect", _set_limits)


def connecting(url: URL, *, quick: bool = False) -> dict[str, Any]:
    """The arguments of a connection, each wait limited. ``quick``: an asynchronous one of our own, which closes as soon as its query
    is given up, or goes to its thread once for a statement. Raises ``ModuleNotFoundError`` if psycopg is not installed."""
    if url.get_backend_name() == "sqlite":
        made: dict[str, Any] = {"async_creator_fn": ThreadConnection} if quick else {}
        # ``_begin`` begins, not the driver
        return {"factory": FileConnection, "isolation_level": None, **made}
    from mailgate.store.postgresql import TEXT, QuickCloseConnection, limits

    made = {"async_creator_fn": QuickCloseConnection.connect} if quick else {}
    return {**limits(url), **TEXT, **made}


class FileConnection(sqlite3.Connection):
    """A connection to an SQLite file. It is set up in the thread that opens it: setting it up from the event loop would take
    some thirty switches between threads."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        try:
            for pragma in _PRAGMAS:
                self.execute(f"PRAGMA {pragma}").close()
            teach(self)
        except sqlite3.Error:
            self.close()
            raise


def _set_limits(connection: Any, _record: object) -> None:
    from mailgate.store.postgresql import IDLE_SECONDS, UNCOMPILED

    # the limit is set by SET, since a pooler refuses it among the options of a connection
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
    cursor.execute(UNCOMPILED)
    cursor.close()
    connection.commit()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once if another one wrote in between
    # (SQLITE_BUSY_SNAPSHOT, which ignores busy_timeout), so a transaction that will write says so at its start.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def writes(engine: Engine) -> Engine:
    """The engine for transactions that write."""
    return engine.execution_options(**{_WRITES: True})


def _driver_connection(url: URL, pragmas: Sequence[str] = PATIENT) -> DriverConnection:
    if url.get_backend_name() == "sqlite":
        return SqliteDriverConnection(Path(str(url.database)), pragmas)
    from mailgate.store.postgresql import PostgresDriverConnection  # psycopg is an optional dependency

    return PostgresDriverConnection(url)


class Database:
    """Transactions on the store, each bounded in time. Every failure to answer is ``StoreUnavailableError``."""

    def __init__(self, url: URL) -> None:
        sqlite = url.get_backend_name() == "sqlite"
        self._engine = create_async_engine(
            url.set(drivername="sqlite+aiosqlite") if sqlite else url,
            pool_pre_ping=not sqlite,
            connect_args=connecting(url, quick=True),
        )
        prepare(self._engine.sync_engine)
        self._driver = _driver_connection(url)
        # apart, since a writer may have to wait for other writers, and no decision waits with it
        self._driver_writer = _driver_connection(url, _PRAGMAS)
        self._statement = lru_cache(self._compiled)
        self._path = Path(str(url.database)) if sqlite else None
        self._file = _identity(self._path)
        self._writer = self._engine.execution_options(**{_WRITES: True})
        # an SQLite file does not hang, but its writers queue
        self._breaker = CircuitBreaker(time.monotonic, 0 if sqlite else RETRY_AFTER_SECONDS)
        self._running = 0
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._closed = False
        self.refused_since: float | None = None
        """Since when, by ``time.monotonic``, every writing transaction has failed; None if the last one succeeded."""
        self.refused_why = ""
        """Why the last writing transaction failed; empty if it succeeded."""

    @asynccontextmanager
    async def reading(self, timeout_seconds: float = 2.0) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that reads. It is given up after ``timeout_seconds`` seconds."""
        self._check_file()
        with _translated(), self._asked():
            async with _limited(timeout_seconds), self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self, timeout_seconds: float = 10.0) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that writes and is committed at its end. It is given up after ``timeout_seconds`` seconds."""
        with self._noted():
            self._check_file()
            with _translated(), self._asked():
                async with _limited(timeout_seconds), self._writer.begin() as connection:
                    yield connection

    async def ask(self, question: Select[Any], values: Values, timeout_seconds: float = 2.0) -> Rows:
        """Send one query through the driver alone, at a twentieth of the cost of ``reading``, for decisions that wait. It is
        given up after ``timeout_seconds``."""
        return await self._send(self._driver, question, values, timeout_seconds)

    async def change(
        self, statement: ReturningUpdate[Any], now: datetime, values: Values, timeout_seconds: float
    ) -> Rows:
        """Execute one statement that writes, in a transaction of its own, as ``ask`` sends a query, and return the rows that it
        changed. ``now`` is its parameter of that name. If the connection breaks it may be executed twice."""
        at = now.astimezone(UTC).isoformat(" ", "microseconds")
        values = {"now": at.removesuffix("+00:00") if self._path else at, **values}
        with self._noted():
            return await self._send(self._driver_writer, statement, values, timeout_seconds)

    async def _send(
        self, driver: DriverConnection, statement: Any, values: Values, timeout_seconds: float
    ) -> Rows:
        self._check_file()
        with _translated(), self._asked():
            async with _limited(timeout_seconds):
                return await driver.ask(self._statement(statement), values)

    async def faults(self) -> list[str]:
        """The faults of the database itself, in words; empty if it is intact. Raises StoreUnavailableError."""
        async with self.reading(CHECK_TIMEOUT_SECONDS) as connection:
            if connection.dialect.name != "sqlite":
                return []  # the server checks its own files and references
            check = await connection.exec_driver_sql(f"PRAGMA integrity_check({MAX_FAULTS})")
            of_file = [str(each) for each in check.scalars() if each != "ok"]
            rows = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).mappings()
            return of_file + [
                f"a row of {row['table']} belongs to one of {row['parent']} that is not there"
                for row in rows.fetchmany(MAX_FAULTS)
            ]

    async def wipe(self) -> bool:
        """Make sure that no deleted data stays readable on disk, which a server does itself. Returns False if some still does."""
        return self._path is None or await asyncio.to_thread(empty_log, self._path)

    async def close(self) -> None:
        """Close every connection once running transactions have ended: SQLite would leave its log beside the file. New ones are refused."""
        self._closed = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._at_rest.wait(), _CLOSE_WAIT_SECONDS)
        await self._driver.close()
        await self._driver_writer.close()
        await self._engine.dispose()

    def _compiled(self, question: Any) -> str:
        named = {"paramstyle": "named"} if self._path else {}
        return str(question.compile(dialect=type(self._engine.dialect)(**named)))

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Report the outcome of a query to the breaker. Raises ``StoreUnavailableError`` if none may be sent now."""
        if self._closed:
            raise StoreUnavailableError("the store is closed")
        since = self._breaker.enter()
        if since is None:
            raise StoreUnavailableError("the store did not answer just now")
        self._running += 1
        self._at_rest.clear()
        try:
            yield
            self._breaker.answered()
        except (TimeoutError, PoolTimeout):
            self._breaker.timed_out(since)
            raise
        finally:
            self._running -= 1
            if not self._running:
                self._at_rest.set()

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except StoreUnavailableError as error:
            if self.refused_since is None:
                self.refused_since = time.monotonic()
            self.refused_why = str(error)
            raise
        self.refused_since, self.refused_why = None, ""

    def _check_file(self) -> None:
        """Raise if the open SQLite file was deleted or replaced. It would still accept writes, which would be lost."""
        if _identity(self._path) != self._file:
            raise StoreUnavailableError("the store's file was deleted or replaced: restart the gate")


def made(kind: Callable[..., Read]) -> Callable[[RowMapping], Read]:
    """What makes a dataclass of a row with the columns of its fields."""
    return lambda row: kind(**row)


class Queries:
    """Queries on some tables. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _rows(self, query: Any, timeout_seconds: float = 2.0) -> Sequence[Any]:
        async with self._database.reading(timeout_seconds) as connection:
            return (await connection.execute(query)).all()

    async def _each(
        self, query: Any, read: Callable[[RowMapping], Read], timeout_seconds: float = 2.0
    ) -> list[Read]:
        """What ``read`` makes of each row of one query."""
        async with self._database.reading(timeout_seconds) as connection:
            return [read(row) for row in (await connection.execute(query)).mappings()]

    async def _first(self, query: Any, read: Callable[[RowMapping], Read]) -> Read | None:
        return next(iter(await self._each(query, read)), None)

    async def _values(self, query: Any, timeout_seconds: float = 2.0) -> list[Any]:
        return [row[0] for row in await self._rows(query, timeout_seconds)]

    async def _value(self, query: Any, timeout_seconds: float = 2.0) -> Any:
        return next(iter(await self._values(query, timeout_seconds)), None)

    async def _change(self, statement: Any, timeout_seconds: float = 10.0) -> int:
        async with self._database.writing(timeout_seconds) as connection:
            return (await connection.execute(statement)).rowcount


def _identity(path: Path | None) -> tuple[int, int] | None:
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found else None


async def in_time(reading: Coroutine[None, None, Read]) -> Read:
    """Await a reading. Raises ``StoreUnavailableError`` if it takes too long, even if the driver does not stop."""
    task = asyncio.get_running_loop().create_task(reading)
    # the error is retrieved, so that asyncio does not log it if nobody waits any more
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait({task}, timeout=_TIMEOUT_SECONDS)
    if task.done():
        return task.result()
    task.cancel()
    raise StoreUnavailableError("the store does not answer in time")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn a driver's errors for a database that cannot be reached into ``StoreUnavailableError``, and none about bad data."""
    try:
        yield
    except (IntegrityError, DataError):
        raise
    except (DBAPIError, PoolTimeout, OSError, TimeoutError) as error:
        raise unavailable(error, f"the store does not answer ({_why(error)})") from error


def _why(error: BaseException) -> str:
    """The first line of the database's message, which never has values of a statement."""
    said = str(error.orig) if isinstance(error, DBAPIError) else ""
    return said.partition("\n")[0][:200] or type(error).__name__


_TRIES = 5
_BUSY_TIMEOUT_MS = 1000
"""How many milliseconds a try waits for readers of the log. Writers wait as long."""


def empty_log(path: Path) -> bool:
    """Write the log back and truncate it. Returns False if it is being read or the store cannot be reached. Blocks."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
            tries = (connection.execute("PRAGMA wal_checkpoint(TRUNCATE)") for _ in range(_TRIES))
            return any(not busy for [(busy, _, _)] in tries)
    except sqlite3.Error:
        return False
