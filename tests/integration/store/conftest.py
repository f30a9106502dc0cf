"""The store on PostgreSQL: a database of its own for every test."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from tests.integration.postgres import postgres as postgres

from mailgate.store import Store
from mailgate.store.database import store_url
from mailgate.store.migrate import migrate

_numbers = count()


@pytest.fixture(scope="session")
def migrated(postgres: str) -> str:
    """The name of a database with every table and no row: copies of it cost less than migrations."""
    with psycopg.connect(postgres.format("postgres"), autocommit=True) as server:
        server.execute("CREATE DATABASE migrated")
    migrate(store_url(postgres.format("migrated")))
    return "migrated"


@contextmanager
def database(postgres: str, like: str) -> Iterator[str]:
    """The address of a new database that is gone afterwards."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(postgres.format("postgres"), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        yield postgres.format(name)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def url(postgres: str, migrated: str) -> Iterator[str]:
    with database(postgres, migrated) as address:
        yield address


@pytest.fixture
async def store(url: str, tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(url, spool=tmp_path / "spool")
    yield store
    await store.close()
