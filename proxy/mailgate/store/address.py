"""Reads and shows the address of a store, and makes its file."""

import os
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from mailgate.store.errors import StoreError

_EXPECTED = "expected sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE"


def store_url(text: str) -> URL:
    """Read the setting ``store``. A relative SQLite path is relative to the working directory.

    Raises ``StoreError``, which says what is expected and never shows a password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise StoreError(f"the store's address cannot be read: {_EXPECTED}") from None
    system = url.drivername.partition("+")[0]  # the setting does not choose the driver
    if system in ("postgresql", "postgres"):
        # SQLAlchemy ends a password at its first @, and the rest would be shown
        if "@" in f"{url.host}{url.database}":
            raise StoreError(
                f"the store's address has more than one @, write %40 for an @ in a password or name: {_EXPECTED}"
            )
        return url.set(drivername="postgresql+psycopg")
    if system == "sqlite" and url.database and url.database != ":memory:" and not url.host:
        return url.set(drivername="sqlite+pysqlite", database=str(Path(url.database).absolute()))
    raise StoreError(f"{shown(url)} is no store: {_EXPECTED}")


def shown(url: URL) -> str:
    """The name of a store that may be shown: the path of its file, or its URL without the password, which may be in the
    query too."""
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
