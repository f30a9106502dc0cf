"""The store on PostgreSQL: a database of its own for every test."""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from tests.integration.postgres import postgres as postgres

from mailgate.store import Store

_numbers = count()


@pytest.fixture
def url(postgres: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    with psycopg.connect(postgres.format("postgres"), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield postgres.format(name)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def store(url: str, tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(url, spool=tmp_path / "spool")
    yield store
    await store.close()
