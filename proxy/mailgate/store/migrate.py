"""Opens a store: reads its address, makes its file, and upgrades it to this release, safely when several processes start at once."""

import os
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from mailgate.store.database import connecting, prepare, writes
from mailgate.store.errors import (
    DamagedStoreError,
    OlderStoreError,
    StoreError,
    StoreMissingError,
    unavailable,
)
from mailgate.store.schema import metadata

_STORE = "use sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE"


def store_url(text: str) -> URL:
    """Read the setting ``store``; an SQLite path is relative to the working directory. Raises StoreError, which shows no password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise StoreError(f"the store's address cannot be read: {_STORE}") from None
    system = url.drivername.partition("+")[0]  # the setting does not choose the driver
    if system in ("postgresql", "postgres"):
        # SQLAlchemy ends a password at its first @, and the rest would be shown
        if "@" in f"{url.host}{url.database}":
            raise StoreError(
                f"the store's address has more than one @, write %40 for an @ in a password or name; {_STORE}"
            )
        return url.set(drivername="postgresql+psycopg")
    if system == "sqlite" and url.database and url.database != ":memory:" and not url.host:
        return url.set(drivername="sqlite+pysqlite", database=str(Path(url.database).absolute()))
    raise StoreError(f"{shown(url)} is no store; {_STORE}")


def shown(url: URL) -> str:
    """The name of a store that may be shown: the path of its file, or its URL without the password, also in the query."""
    if url.drivername.startswith("sqlite") and url.database:
        return url.database
    where = {name: url.query[name] for name in ("host", "port") if name in url.query}
    return url.set(drivername=url.get_backend_name(), query=where).render_as_string(hide_password=True)


def create_file(url: URL) -> None:
    """Make an SQLite file that only its owner can read. SQLite gives -wal and -shm the same mode."""
    if url.get_backend_name() != "sqlite":
        return
    path = Path(str(url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(f"the store's file {path} cannot be made: {error.strerror}") from error


_ALEMBIC_HAS_GLOBALS = threading.Lock()

_ADVISORY_LOCK = 0x6D61696C67617465  # "mailgate" in ASCII, a number that nothing else uses

_LOCK_TIMEOUT_MS = 60_000

_LOCK_TRIES = 30

_DEADLOCK = "40P01"  # PostgreSQL, Appendix A: deadlock_detected

_ROOM = 256 * 1024
"""The bytes that SQLite needs beside its file to open it, and a little more."""

_STEPS = Path(__file__).parent / "migrations"

_COLUMNS = {
    "sqlite": "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'",
    "postgresql": "SELECT table_name, column_name FROM information_schema.columns "
    "WHERE table_schema = ANY (current_schemas(false))",
}
"""The query for the existing columns. SQLAlchemy's inspection would take ten times as long, at every command."""


def migrate(url: URL, *, make: bool = True) -> None:
    """Make the store, or upgrade it, in one transaction under a lock that other processes respect. Without ``make`` nothing is
    changed, since an earlier release could not read an upgraded store: StoreMissingError is raised if there is none, and
    OlderStoreError if it is older. Blocks. Raises StoreError if the database is newer than this code, is no store or does not
    keep text as UTF-8, and StoreUnavailableError."""
    named = shown(url)
    if make:
        create_file(url)
    elif url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        raise StoreMissingError(f"there is no store at {named}")
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args=connecting(url))
    except ModuleNotFoundError as error:
        raise StoreError(f"a PostgreSQL store needs {error.name}: install mailgate[postgres]") from error
    prepare(engine)
    try:
        with _ALEMBIC_HAS_GLOBALS, (writes(engine) if make else engine).begin() as connection:
            _check_encoding(connection, named)
            if make:
                _lock(connection)
            _upgrade(connection, named, make=make)
            _check_all_tables(connection, named)
    except DBAPIError as error:
        raise unavailable(error, f"the store {named} cannot be opened: {error.orig}{_full(url)}") from error
    finally:
        engine.dispose()


def _full(url: URL) -> str:
    """A message if the disk has no room for the file; otherwise empty. SQLite's own message only names the disk."""
    if url.get_backend_name() != "sqlite":
        return ""
    free = shutil.disk_usage(Path(str(url.database)).parent).free
    return f"; its disk is full, {free} bytes are free" if free < _ROOM else ""


def _check_encoding(connection: Connection, named: str) -> None:
    """Raise StoreError unless it is UTF-8: other encodings lack letters, and SQL_ASCII takes any bytes for text."""
    if connection.dialect.name != "postgresql":
        return
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise StoreError(
            f"the store {named} is in the encoding {encoding}; use UTF8: an encoding cannot be changed, so make another "
            "database and name that one: CREATE DATABASE name ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0"
        )


def _lock(connection: Connection) -> None:
    """Take the lock. On SQLite ``BEGIN IMMEDIATE`` already is one."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_LOCK_TIMEOUT_MS}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")


def _upgrade(connection: Connection, named: str, *, make: bool) -> None:
    found = _stamp(connection, _columns(connection))
    if found is None and not make:
        raise StoreMissingError(f"there is no store at {named}")
    if found is not None and not _behind(found, named):
        return
    if not make:
        raise OlderStoreError(
            f"the store {named} was written by an older Mailgate (its schema is {found}), and only a gate upgrades "
            "it: back it up with the Mailgate that wrote it, then start a gate of this version"
        )
    if found is not None:
        _take_tables(connection)
    _take_steps(connection)


def _take_steps(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_STEPS))
    command.upgrade(config, "head")


def _columns(connection: Connection) -> dict[str, set[str]]:
    there: dict[str, set[str]] = {}
    for table_name, column_name in connection.exec_driver_sql(_COLUMNS[connection.dialect.name]):
        there.setdefault(table_name, set()).add(column_name)
    return there


def _stamp(connection: Connection, there: Mapping[str, object]) -> str | None:
    """The last step that the store has taken, where alembic notes it, the newest if it notes several; None if it has taken none."""
    if "alembic_version" not in there:
        return None
    return max(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars(), default=None)


def _take_tables(connection: Connection) -> None:
    """Wait until no gate uses a table, and keep all until the upgrade ends, so that no step is ended halfway. A gate that serves takes
    tables in an order of its own, so PostgreSQL may end one of the two: if it is this one, it starts again."""
    if connection.dialect.name != "postgresql":
        return  # ``BEGIN IMMEDIATE`` has the whole file
    there = _columns(connection)
    taking = (
        f"LOCK TABLE {', '.join(name for name in metadata.tables if name in there)} IN ACCESS EXCLUSIVE MODE"
    )
    for tries_left in reversed(range(_LOCK_TRIES)):
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(taking)
            return
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _DEADLOCK or not tries_left:
                raise


def _check_all_tables(connection: Connection, named: str) -> None:
    """Raise DamagedStoreError unless all is there that the stamped steps made: later questions would fail without a reason."""
    there = _columns(connection)
    missing = [f"table {name}" for name in metadata.tables if name not in there]
    missing += [
        f"column {column}"
        for name, table in metadata.tables.items()
        for column in table.columns
        if name in there and column.name not in there[name]
    ]
    if missing:
        raise DamagedStoreError(
            f"the store {named} does not match its stamp {_stamp(connection, there)}: it lacks {', '.join(missing)}. If another version of "
            "Mailgate has made it, start that one"
        )


def _behind(found: str, named: str) -> bool:
    """Whether steps are missing. Raises StoreError if the store has taken steps that this release does not have.

    The files of the steps are named after them, so alembic is only loaded if there is a step to take.
    """
    known = {path.name[1:5] for path in (_STEPS / "versions").glob("v[0-9]*.py")}
    if found not in known:
        raise StoreError(
            f"the store {named} was written by a newer Mailgate (its schema is {found}, this version knows "
            f"up to {max(known)}): start that version or use another store"
        )
    return found != max(known)
