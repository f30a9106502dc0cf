"""Cheap stores with time: new ones on SQLite are copies of a migrated one, and statements are compiled only once.

``unit/store/test_migrate.py`` checks that migrations make the same.
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.servers import PATIENCE

from mailgate.store.migrate import create_file, migrate, store_url


@pytest.fixture(scope="module", autouse=True)
def stores_have_time() -> Iterator[None]:
    """Give every store of this process time: a busy machine does not make one fail. A limit of zero stays one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mailgate.store.database._limited", lambda seconds: asyncio.timeout(seconds * 60))
        patch.setattr("mailgate.store.database._TIMEOUT_SECONDS", PATIENCE)
        patch.setattr("mailgate.store.database._CLOSE_WAIT_SECONDS", PATIENCE)
        yield


def migrated(folder: Path) -> bytes:
    """A file with every table and no row, made in this folder."""
    path = folder / "store.db"
    migrate(store_url(f"sqlite:///{path}"))
    return path.read_bytes()


def copying(new: bytes) -> Callable[..., None]:
    """A stand-in for ``migrate``, which copies the file if there is no store yet."""

    def copied(url: URL, *, make: bool = True) -> None:
        path = Path(str(url.database))
        if url.get_backend_name() != "sqlite" or path.exists() or not make:
            migrate(url, make=make)
            return
        create_file(url)
        path.write_bytes(new)

    return copied


def compiling_once(create: Callable[..., AsyncEngine]) -> Callable[..., AsyncEngine]:
    """A stand-in for ``create_async_engine``, whose engines of one kind share compiled statements.

    SQLAlchemy keeps compiled statements by their dialect, and would make one for each engine.
    """
    known: dict[Any, Any] = {}
    dialects = dict[str, Any]()

    def created(url: URL, **options: Any) -> AsyncEngine:
        engine = create(url, **options)
        own, first = engine.sync_engine.dialect, dialects.get(url.drivername)
        if first is None or first.server_version_info is None:  # it has not connected to its database yet
            dialects[url.drivername] = own
        else:
            engine.sync_engine.dialect = first
        engine.sync_engine.update_execution_options(compiled_cache=known)
        return engine

    return created
