"""The store on PostgreSQL: a database of its own for every test."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from tests.stores import compiling_once
from tests.unit.store.gates import other_gates as other_gates

from mailgate.store import Store
from mailgate.store.address import store_url
from mailgate.store.change_signal import ChangeSignal
from mailgate.store.database import Database
from mailgate.store.schema import metadata

_numbers = count()

OTHERS_END = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
LOOK = """
SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_attribute), (SELECT count(*) FROM pg_rewrite),
    (SELECT string_agg(t::text, ',' ORDER BY oid) FROM pg_trigger t),
    (SELECT string_agg(prosrc, '' ORDER BY oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace)
"""
"""What has to be as it was, or a database cannot be made like a new one."""
GUARDS = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgenabled = 'A'"
"""Those of the audit log, which no session setting turns off."""
SMALL = 64 * 1024
"""Up to so many bytes of a table are deleted, which costs a hundredth of ``TRUNCATE``. A larger one would stay slow to read."""


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


class Emptied:
    """A migrated database that one test after another has, emptied in between, since a new one costs ten times as much.

    The audit log refuses that until its triggers are turned off. Where the form of a table was changed, the next test gets a new database.
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
        self._looked = self._own.execute(LOOK).fetchone()
        self._guards = self._own.execute(GUARDS).fetchall()
        names = [each.name for each in reversed(metadata.sorted_tables)]
        self._first = {
            name: rows for name in names if (rows := self._own.execute(f"TABLE {name}").fetchall())
        }
        self._filled = " UNION ALL ".join(
            f"SELECT '{name}', pg_relation_size('{name}') WHERE EXISTS (TABLE {name})"
            for name in names
            if name not in self._first
        )

    def _empty(self) -> None:
        filled = self._own.execute(self._filled).fetchall()
        first = [
            name
            for name, rows in self._first.items()
            if self._own.execute(f"TABLE {name}").fetchall() != rows
        ]
        guards = [guard for guard in self._guards if guard[0] in (*(name for name, _ in filled), *first)]
        with self._own.transaction():
            for table, trigger in guards:
                self._own.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
            if large := [name for name, size in filled if size > SMALL]:
                self._own.execute(f"TRUNCATE {', '.join(large)} CASCADE")
            small = [name for name, _ in filled if name not in large]
            self._own.execute("; ".join(f"DELETE FROM {name}" for name in (*small, *first)))
            for name in first:
                for row in self._first[name]:
                    self._own.execute(f"INSERT INTO {name} VALUES ({', '.join(['%s'] * len(row))})", row)
            for table, trigger in guards:
                self._own.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")

    def close(self) -> None:
        self._open.close()
        self._address = ""


@pytest.fixture(scope="session")
def emptied(databases: Databases, migrated: str) -> Iterator[Emptied]:
    with closing(Emptied(databases, migrated)) as made:
        yield made


@pytest.fixture
def url(emptied: Emptied) -> Iterator[str]:
    with emptied.for_a_test() as address:
        yield address


@pytest.fixture(scope="session", autouse=True)
def statements_are_compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mailgate.store.database.create_async_engine", compiling_once(create_async_engine))
        yield


@pytest.fixture
async def store(url: str, tmp_path: Path) -> AsyncIterator[Store]:
    address = store_url(url)  # it is migrated, which ``Store.open`` would look at for long
    store = Store(Database(address), ChangeSignal(address), tmp_path / "spool")
    yield store
    await store.close()
