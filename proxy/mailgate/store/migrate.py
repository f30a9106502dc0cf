"""Brings a database to the schema of this version, safely when several processes start at once."""

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from mailgate.store.database import (
    StoreError,
    StoreUnavailableError,
    connecting,
    create_file,
    prepare,
    writes,
)

_ALEMBIC_HAS_GLOBALS = threading.Lock()
_ADVISORY_LOCK = 0x6D61696C67617465  # "mailgate"; any number will do that others do not use
_PATIENCE_MS = 60_000


def migrate(url: URL) -> None:
    """Upgrade in one transaction under a lock that other processes respect: the second finds nothing to do.

    ``url`` is one of ``store_url``. Blocks: call it in a thread. Raises ``StoreError`` where the database is
    newer than this code or is no store, ``StoreUnavailableError`` where it does not answer.
    """
    create_file(url)
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args=connecting(url))
    except ModuleNotFoundError as error:
        raise StoreError(f"a PostgreSQL store needs {error.name}: install mailgate[postgres]") from error
    prepare(engine)
    shown = url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)
    try:
        with _ALEMBIC_HAS_GLOBALS, writes(engine).begin() as connection:
            _lock(connection)
            _upgrade(connection, shown)
    except DBAPIError as error:
        raise StoreUnavailableError(f"the store {shown} cannot be opened: {error.orig}") from error
    finally:
        engine.dispose()


def _lock(connection: Connection) -> None:
    """On SQLite ``BEGIN IMMEDIATE`` is the lock already."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_PATIENCE_MS}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")


def _upgrade(connection: Connection, shown: str) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None or _behind(
        found, config, shown
    ):  # every step is read from its file, so none twice for nothing
        command.upgrade(config, "head")


def _behind(found: str, config: Config, shown: str) -> bool:
    """Whether steps are missing. Raises StoreError where there were more than this version has."""
    steps = ScriptDirectory.from_config(config)
    known = {script.revision for script in steps.walk_revisions()}
    if found not in known:
        raise StoreError(
            f"the store {shown} was written by a newer Mailgate (its schema is {found}, this version knows "
            f"up to {max(known)}): start that version or use another store"
        )
    return found != steps.get_current_head()
