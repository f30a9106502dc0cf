"""New SQLite stores as copies of a migrated one: ``unit/store/test_migrate.py`` holds that migrations make such a one."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy.engine import URL

from mailgate.store.database import create_file, store_url
from mailgate.store.migrate import migrate


def migrated(folder: Path) -> bytes:
    """A file with every table and no row, made in this folder."""
    path = folder / "store.db"
    migrate(store_url(f"sqlite:///{path}"))
    return path.read_bytes()


def copying(new: bytes) -> Callable[..., None]:
    """What stands in for ``migrate``: it copies where there is nothing to migrate yet."""

    def copied(url: URL, *, make: bool = True) -> None:
        path = Path(str(url.database))
        if url.get_backend_name() != "sqlite" or path.exists() or not make:
            migrate(url, make=make)
            return
        create_file(url)
        path.write_bytes(new)

    return copied
