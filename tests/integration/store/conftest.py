"""The store on PostgreSQL: a database of its own for every test."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from tests.stores import compiling_once

from mailgate.store import Store
from mailgate.store.address import store_url
from mailgate.store.migrate import migrate

_numbers = count()


@pytest.fixture(scope="session")
def migrated(postgres: str) -> str:
    """The name of a database with every table and no row: copies of it cost less than migrations."""
    with psycopg.connect(postgres.format("postgres"), autocommit=True) as server:
        server.execute("CREATE DATABASE migrated")
    migrate(store_url(postgres.format("migrated")))
    return "migrated"


class Databases:
    """Made for one test each. Nobody waits until they are gone."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._making, self._dropping = (
            psycopg.connect(address.format("postgres"), autocommit=True) for _ in range(2)
        )
        self._dropper = ThreadPoolExecutor(1)

    @contextmanager
    def new(self, like: str) -> Iterator[str]:
        """The address of a new one."""
        name = f"test_{next(_numbers)}"
        self._making.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        yield self._address.format(name)
        self._dropper.submit(self._dropping.execute, f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        """What is not dropped yet goes with the server."""
        self._dropper.shutdown(cancel_futures=True)
        self._making.close()
        self._dropping.close()


@pytest.fixture(scope="session")
def databases(postgres: str) -> Iterator[Databases]:
    with closing(Databases(postgres)) as made:
        yield made


@pytest.fixture
def url(databases: Databases, migrated: str) -> Iterator[str]:
    with databases.new(like=migrated) as address:
        yield address


@pytest.fixture(scope="session", autouse=True)
def statements_are_compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mailgate.store.database.create_async_engine", compiling_once(create_async_engine))
        yield


@pytest.fixture
async def store(url: str, tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(url, spool=tmp_path / "spool")
    yield store
    await store.close()
