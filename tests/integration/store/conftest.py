"""The store on PostgreSQL: a database of its own for every test."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest
from tests.unit.store.gates import other_gates as other_gates

from mailgate.store import Store
from mailgate.store.database import Database
from mailgate.store.migrate import store_url
from mailgate.store.schema import metadata

_numbers = count()

OTHERS_END = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
REFUSING = {"audit": "audit_no_change", "audit_head": "audit_head_stays"}
"""The tables that refuse to be emptied, and the trigger of each that no session can leave out."""
LOOK = """
SELECT (SELECT count(*) FROM pg_class WHERE oid >= 16384), (SELECT count(*) FROM pg_attribute WHERE attrelid >= 16384),
    (SELECT count(*) FROM pg_rewrite WHERE oid >= 16384),
    (SELECT string_agg(t::text, ',' ORDER BY oid) FROM pg_trigger t WHERE oid >= 16384),
    (SELECT string_agg(prosrc, '' ORDER BY oid) FROM pg_proc WHERE oid >= 16384)
"""
"""What has to be as it was, or a database cannot be made like a new one. PostgreSQL's own objects have smaller numbers."""
LARGE_BYTES = 1 << 20
"""A table of this size is truncated. To truncate a small one costs a hundred times what deleting its rows does."""


class Databases:
    """Databases for one test each. They are dropped in the background."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._making, self._dropping = (
            psycopg.connect(address.format("postgres"), autocommit=True) for _ in range(2)
        )
        self._dropper = ThreadPoolExecutor(1)

    @contextmanager
    def new(self, like: str) -> Iterator[str]:
        """The address of a new database."""
        name = f"test_{next(_numbers)}"
        self._making.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        yield self._address.format(name)
        self._dropper.submit(self._dropping.execute, f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        """Stop. Databases that are not dropped yet are deleted with the server."""
        self._dropper.shutdown(cancel_futures=True)
        self._making.close()
        self._dropping.close()


@pytest.fixture(scope="session")
def databases(postgres: str) -> Iterator[Databases]:
    with closing(Databases(postgres)) as made:
        yield made


class Emptied:
    """A migrated database that tests use one after another, emptied in between, since a new one costs ten times as
    much.

    If a table or a trigger was changed, the next test gets a new database.
    """

    def __init__(self, databases: Databases, migrated: str) -> None:
        self._databases, self._migrated = databases, migrated
        self._open = ExitStack()
        self._address = ""

    @contextmanager
    def for_a_test(self) -> Iterator[str]:
        if not self._address:
            self._begin()
        yield self._address
        with suppress(psycopg.OperationalError):  # the test has ended every session
            self._own.execute(OTHERS_END)
            if self._own.execute(LOOK).fetchone() == self._looked:
                self._empty()
                return
        self.close()

    def _begin(self) -> None:
        self._address = self._open.enter_context(self._databases.new(like=self._migrated))
        self._own = self._open.enter_context(psycopg.connect(self._address, autocommit=True))
        self._own.execute(
            "SET session_replication_role = replica"
        )  # no ordinary trigger runs while tables are emptied
        self._looked = self._own.execute(LOOK).fetchone()
        self._first = {
            name: rows for name in metadata.tables if (rows := self._own.execute(f"TABLE {name}").fetchall())
        }
        self._filled = " UNION ALL ".join(
            f"SELECT '{name}', pg_relation_size('{name}') > {LARGE_BYTES} WHERE EXISTS (TABLE {name})"
            for name in metadata.tables
            if name not in self._first
        )

    def _empty(self) -> None:
        for name, is_large in self._own.execute(self._filled).fetchall():
            self._own.execute(_emptying(name, is_large=is_large))
        for name, rows in self._first.items():
            if self._own.execute(f"TABLE {name}").fetchall() != rows:
                self._own.execute(_emptying(name))
                for row in rows:
                    self._own.execute(f"INSERT INTO {name} VALUES ({', '.join(['%s'] * len(row))})", row)

    def close(self) -> None:
        self._open.close()
        self._address = ""


def _emptying(name: str, *, is_large: bool = False) -> str:
    statement = f"TRUNCATE {name} CASCADE" if is_large else f"DELETE FROM {name}"
    if trigger := REFUSING.get(name):
        alter = f"ALTER TABLE {name}"
        return f"{alter} DISABLE TRIGGER {trigger}; {statement}; {alter} ENABLE ALWAYS TRIGGER {trigger}"
    return statement


@pytest.fixture(scope="session")
def emptied(databases: Databases, migrated: str) -> Iterator[Emptied]:
    with closing(Emptied(databases, migrated)) as made:
        yield made


@pytest.fixture
def url(emptied: Emptied) -> Iterator[str]:
    with emptied.for_a_test() as address:
        yield address


@pytest.fixture
async def store(url: str, tmp_path: Path) -> AsyncIterator[Store]:
    address = store_url(url)  # already migrated; checking that in ``Store.open`` takes long
    store = Store(Database(address), tmp_path / "spool")
    yield store
    await store.close()
