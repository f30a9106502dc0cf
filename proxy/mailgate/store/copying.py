"""Copies every row of one store into another, empty store. Each may be on SQLite or PostgreSQL. Either all rows arrive or none.
The new file has its name only once it is complete."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, RowMapping, Table, create_engine, delete, func, insert, select, update
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from mailgate.atomic_files import give_name, is_at
from mailgate.store.database import connecting, prepare, writes
from mailgate.store.errors import OlderStoreError, StoreError, unavailable
from mailgate.store.gates import seconds_now
from mailgate.store.migrate import migrate
from mailgate.store.schema import audit, audit_head, gates, metadata


class StoreExistsError(StoreError):
    """A file with the name of the new store exists."""


@contextmanager
def new_store_file(path: Path) -> Iterator[Path]:
    """Yield a path for a draft of the store, in a folder beside ``path``, which gets the name ``path`` if the body ends without
    an error. The draft of a command that was killed is deleted. Raises StoreExistsError if ``path`` exists, or StoreError."""
    try:
        with _held(path.with_name(f"{path.name}.part")) as folder:
            draft = folder / path.name
            _clear(folder, draft)
            try:
                yield draft
                _name(draft, path)
            finally:
                _delete(draft)
                folder.rmdir()
    except OSError as error:
        raise StoreError(f"{error.filename or path} cannot be made: {error.strerror}") from error


@contextmanager
def _held(folder: Path) -> Iterator[Path]:
    while True:
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _lock(handle, folder)
            if is_at(folder, handle):  # the process that held it before may have deleted it
                yield folder
                return
        finally:
            os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StoreError(f"another command writes to {folder}; wait for its end") from error


def _clear(folder: Path, draft: Path) -> None:
    _delete(draft)
    if any(folder.iterdir()):
        raise StoreError(f"{folder} holds other files; move them away")


def _name(draft: Path, path: Path) -> None:
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    try:
        give_name(draft, path)
    except FileExistsError as error:
        raise StoreExistsError(
            f"{path} already exists and was not changed; give the name of a new file"
        ) from error


def _delete(draft: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        Path(f"{draft}{end}").unlink(missing_ok=True)


AT_ONCE = 2000
"""How many rows are read and written together."""
RUNS = 20.0
"""A gate is running if it reported within this many seconds."""
_ALWAYS_THERE = [table for table in metadata.sorted_tables if "one" in table.primary_key.columns]
"""Tables of one row, which a new store has: counters, and the head of the audit log."""

CopyProgress = Callable[[int, int], None]
"""Receives the number of copied rows and the number of all rows."""
RowCounts = dict[str, int]
"""The number of rows by table."""


class NotEmptyError(StoreError):
    """The target store is not empty."""


class InUseError(StoreError):
    """A gate runs on the source store. Its writes could be missing from the copy."""


def copy_store(
    source: URL, target: URL, told: CopyProgress = lambda *_: None, *, while_used: bool = False
) -> RowCounts:
    """Copy everything that the store at ``source`` holds now. Returns the numbers of rows, which both stores have.

    Both URLs come from ``store_url``. The source is left as it is, and the target is made. This blocks.

    :param while_used: whether gates may run on the source. Their later writes are not copied, and neither is the list
        of running gates. An older source is then refused, since the version that runs could not use the copy.
    :raises StoreError: if there is no source, a gate runs on it, the target is not empty, or the copy differs.
    """
    if source == target:
        raise StoreError("both are the same store; use two")
    with _readable(source, while_used=while_used) as opened, _opened(opened) as origin:
        _refuse_used(origin, while_used=while_used)
        with _made(target) as made:
            migrate(made)
            with _opened(made, write=True) as copy:
                _refuse_used(copy)
                _refuse_filled(copy)
                tables = [each for each in metadata.sorted_tables if not (while_used and each is gates)]
                counts = _copy(origin, copy, tables, told)
    return counts


@contextmanager
def _made(target: URL) -> Iterator[URL]:
    """The target. For a new SQLite file: a draft, which gets the target's name once it is complete."""
    path = Path(str(target.database)).resolve()
    if target.get_backend_name() != "sqlite" or path.exists():
        yield target
        return
    with new_store_file(path) as draft:
        yield target.set(database=str(draft))


@contextmanager
def _readable(source: URL, *, while_used: bool) -> Iterator[URL]:
    """The source, or an upgraded copy of its file if it cannot be read as it is."""
    if _is_readable(source, while_used=while_used):
        yield source
        return
    path = Path(str(source.database))
    with TemporaryDirectory(prefix="mailgate-copy-") as folder:
        copied = Path(folder) / path.name
        _copy_file(path, copied)
        opened = source.set(database=str(copied))
        migrate(opened)
        yield opened


def _is_readable(source: URL, *, while_used: bool) -> bool:
    """Whether the source can be read as it is. Raises errors that a copy of its file would not mend."""
    path, is_file = Path(str(source.database)), source.get_backend_name() == "sqlite"
    if is_file and path.exists() and not _may_be_written(path):
        return False  # SQLite writes files beside every database that it reads
    try:
        migrate(source, make=False)
    except OlderStoreError:
        if while_used or not is_file:
            raise
        return False
    return True


def _may_be_written(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _copy_file(path: Path, target: Path) -> None:
    """Copy an SQLite file together with its log. A log cannot be read if its folder accepts no writes."""
    log, how = Path(f"{path}-wal"), "mode=rw"
    if not _may_be_written(path):
        if log.exists() and log.stat().st_size:
            raise StoreError(
                f"the store {path} has a log beside it, and nothing may be written there: copy {path.name} and {log.name} to a "
                "folder of your own, and name that copy"
            )
        how = "immutable=1"
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)) as read,
            closing(sqlite3.connect(target)) as written,
        ):
            read.backup(written)
    except sqlite3.Error as error:
        raise StoreError(f"the store {path} cannot be read: {error}") from error


def _copy(origin: Connection, copy: Connection, tables: Sequence[Table], told: CopyProgress) -> RowCounts:
    counts = _counts(origin, tables)
    done, of = 0, sum(counts.values())
    for table in tables:
        for rows in _rows(origin, table):
            _write(copy, table, rows)
            done += len(rows)
            told(done, of)
    if (arrived := _counts(copy, tables)) != counts:
        raise StoreError(f"not every row arrived: {_differences(counts, arrived)}; nothing was copied")
    return counts


@contextmanager
def _opened(url: URL, *, write: bool = False) -> Iterator[Connection]:
    """Open a transaction that sees the store as it is at its start."""
    engine = create_engine(url, poolclass=NullPool, connect_args=connecting(url))
    prepare(engine)
    if url.get_backend_name() == "postgresql" and not write:
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    try:
        with (writes(engine) if write else engine).begin() as connection:
            yield connection
    except DBAPIError as error:
        said = str(error.orig).partition("\n")[0]
        raise unavailable(error, f"the store no longer answers: {said}; nothing was copied") from error
    finally:
        engine.dispose()


def _refuse_used(connection: Connection, *, while_used: bool = False) -> None:
    now = connection.execute(select(seconds_now(connection))).scalar_one()
    running = connection.execute(select(gates.c.host).where(gates.c.heard_at > float(now) - RUNS)).scalars()
    if not while_used and (hosts := sorted(set(running))):
        raise InUseError(
            f"a gate runs on this store, on {', '.join(hosts)}: what it writes meanwhile would be lost. "
            f"Stop it; a gate that was killed counts as running for {RUNS:.0f} seconds more"
        )


def _refuse_filled(connection: Connection) -> None:
    filled = [
        table.name
        for table in metadata.sorted_tables
        if table not in _ALWAYS_THERE and connection.execute(select(table).limit(1)).first()
    ]
    if filled:
        raise NotEmptyError(f"the target is not empty, it has {', '.join(filled)}; use a store without a row")


def _counts(connection: Connection, tables: Sequence[Table]) -> RowCounts:
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in tables
    }


def _rows(connection: Connection, table: Table) -> Iterator[Sequence[RowMapping]]:
    query = select(table).order_by(*table.primary_key.columns)
    found = connection.execution_options(yield_per=AT_ONCE).execute(query)
    yield from found.mappings().partitions()


def _write(connection: Connection, table: Table, rows: Sequence[RowMapping]) -> None:
    if table is audit:
        _append(connection, rows)
    elif table is not audit_head:  # the head is written with the entries
        if table in _ALWAYS_THERE:
            connection.execute(delete(table))
        connection.execute(insert(table), [dict(row) for row in rows])


def _append(connection: Connection, entries: Sequence[RowMapping]) -> None:
    """Append to the log entry by entry, since the database accepts nothing else."""
    for entry in entries:
        connection.execute(insert(audit), [dict(entry)])
        connection.execute(update(audit_head).values(number=entry["number"], digest=entry["digest"]))


def _differences(left: RowCounts, arrived: RowCounts) -> str:
    wrong = [name for name, count in left.items() if arrived[name] != count]
    return ", ".join(f"{name} has {arrived[name]} of {left[name]}" for name in wrong)
