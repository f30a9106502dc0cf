"""Making and upgrading a store."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from tests.unit.store.examples import BROWSER, CATALOG, MAX_AGE, NOW, proof

import mailgate
from mailgate.store import Store, StoreError
from mailgate.store.database import store_url
from mailgate.store.migrate import migrate
from mailgate.store.schema import metadata


def test_the_migrations_build_the_schema(url: str) -> None:
    migrate(store_url(url))
    with create_engine(store_url(url), poolclass=NullPool).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


async def test_opening_again_keeps_what_is_stored(url: str) -> None:
    for _ in range(2):
        await (await Store.open(url)).close()


def test_two_processes_may_start_at_once(url: str) -> None:
    code = "import sys; from mailgate.store import database as d, migrate as m; m.migrate(d.store_url(sys.argv[1]))"
    env = os.environ | {"PYTHONPATH": str(Path(mailgate.__file__).parents[1])}
    starts = [subprocess.Popen([sys.executable, "-c", code, url], env=env) for _ in range(3)]
    assert [start.wait() for start in starts] == [0, 0, 0]


def test_a_store_of_a_newer_version_is_refused(url: str) -> None:
    migrate(store_url(url))
    with create_engine(store_url(url), poolclass=NullPool).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(
        StoreError, match=r"newer Mailgate \(its schema is 9999, this version knows up to \d{4}\)"
    ):
        migrate(store_url(url))
    with create_engine(store_url(url), poolclass=NullPool).begin() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"


async def test_devices_from_before_owners_had_names_are_found_by_them(url: str) -> None:
    """What version 0001 stored: a store without the names of owners and without notices, at its revision."""
    store = await Store.open(url)
    report = proof(user="Ada@example.com")
    await store.postures(CATALOG, MAX_AGE).current(BROWSER, report, NOW)
    await store.postures(CATALOG, MAX_AGE).current(BROWSER, proof(device_id="kiosk", user=""), NOW)
    await store.close()
    with create_engine(store_url(url), poolclass=NullPool).begin() as connection:
        connection.execute(text("DELETE FROM device_names WHERE kind = 'user'"))
        connection.execute(text("DROP TABLE keys"))  # of version 0003
        connection.execute(text("DROP TABLE notices"))  # of version 0004
        for table in ("audit", "audit_head", "activations", "policies", "plans"):  # of version 0009
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    store = await Store.open(url)
    (found,) = await store.devices.owned("ada@example.com")
    assert found.id == "phone-1"
    await store.close()
