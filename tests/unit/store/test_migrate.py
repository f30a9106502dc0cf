"""Making and upgrading a store."""

import os
import shutil
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Engine, MetaData, Table, create_engine, text
from sqlalchemy.pool import NullPool
from tests.unit.store.examples import ISSUER, NOW, PHONE_1, minutes

import mailgate
from mailgate.model import Kind
from mailgate.store import Report, Store, StoreError, StoreMissingError, StoreUnavailableError, migrations
from mailgate.store.database import create_file, store_url
from mailgate.store.migrate import migrate
from mailgate.store.schema import metadata

EXPRESSIONS = "ignore:.*expression-based index"
"""SQLite keeps these, and SQLAlchemy cannot read them back; tests/unit/store/test_logins.py shows that they are used."""


@pytest.mark.filterwarnings(EXPRESSIONS)
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


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite only says `disk I/O error` where it has no room beside its file."""
    (tmp_path / "mailgate.db").write_text("no database" * 99)
    address = store_url(f"sqlite:///{tmp_path}/mailgate.db")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))
    with pytest.raises(
        StoreUnavailableError, match=r"mailgate\.db cannot be opened: .*; its disk is full, 4096 bytes"
    ):
        migrate(address)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**9))
    with pytest.raises(StoreUnavailableError, match=r"is not a database$"):
        migrate(address)


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


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        ("DROP TABLE gates", "it lacks table gates. Another"),
        ("ALTER TABLE gates DROP COLUMN version", "it lacks column gates.version. Another"),
    ],
)
def test_a_store_that_lacks_what_its_stamp_promises_is_refused_by_name(
    url: str, lost: str, named: str
) -> None:
    """As another branch leaves it that gave the same number to other steps."""
    migrate(store_url(url))
    with create_engine(store_url(url), poolclass=NullPool).begin() as connection:
        connection.execute(text(lost))
    with pytest.raises(StoreError, match=named):
        migrate(store_url(url))


def test_where_there_is_no_store_none_is_made_without_asking(url: str) -> None:
    with pytest.raises(StoreMissingError, match="there is no store at"):
        migrate(store_url(url), make=False)
    migrate(store_url(url))
    migrate(store_url(url), make=False)


@pytest.mark.filterwarnings(EXPRESSIONS)
def test_a_gate_of_the_step_before_goes_on_writing_and_reading_after_the_last_step(url: str) -> None:
    """It knows the tables as they were: no table, column or rule that it lives by may go in one step."""
    before = MetaData()
    engine = at_revision(url, last_step().down_revision)
    before.reflect(engine)
    migrate(store_url(url))
    with engine.begin() as connection:
        for table in before.sorted_tables:
            if not connection.execute(table.select()).all():  # some have the one row that they ever have
                connection.execute(table.insert(), made_up(table))
            assert len(connection.execute(table.select()).all()) == 1
        for table in reversed(before.sorted_tables):
            if table.name not in ("alembic_version", "audit", "audit_head"):  # the log is only added to
                connection.execute(table.delete())


def last_step() -> Script:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    return scripts.get_revision(scripts.get_current_head() or "")


def made_up(table: Table) -> dict[str, object]:
    """A row with every column of ``table``, the same values everywhere, so that it is found by its foreign keys."""
    values: dict[type, object] = {str: "x", int: 1, bool: True, bytes: b"x", datetime: NOW, float: 1.0}
    values[date] = NOW.date()
    return {column.name: values[column.type.python_type] for column in table.c}


OLD = {"owner": "", "kind": None, "managed": None, "os": "ios", "os_version": "26.1", "status": "affirming"}
SEEN = dict.fromkeys(("reported_at", "expires_at", "first_seen", "last_seen"), NOW)


def at_revision(url: str, revision: str) -> Engine:
    """A store as an older version left it."""
    address = store_url(url)
    create_file(address)
    engine = create_engine(address, poolclass=NullPool)
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        command.upgrade(config, revision)
    return engine


def insert_old(engine: Engine, table: str, *rows: dict[str, object]) -> None:
    tables = MetaData()
    with engine.begin() as connection:
        tables.reflect(connection, only=[table])
        connection.execute(tables.tables[table].insert(), list(rows))


def old_device(key: int, name: str, source: str = ISSUER, **fields: object) -> dict[str, object]:
    return OLD | SEEN | {"key": key, "id": name, "source": source, "apps_complete": True} | fields


async def test_devices_from_before_owners_had_names_are_found_by_them(url: str) -> None:
    engine = at_revision(url, "0001")
    insert_old(engine, "devices", old_device(1, "phone-1", owner="Ada@example.com"), old_device(2, "kiosk"))
    store = await Store.open(url)
    (found,) = await store.devices.owned("ada@example.com")
    assert (found.id, found.reports[0].id) == (PHONE_1, "phone-1")
    await store.close()


async def test_old_rows_become_devices_of_one_report_and_those_that_share_a_name_one(url: str) -> None:
    engine, later = at_revision(url, "0004"), NOW + minutes(9)
    insert_old(
        engine,
        "devices",
        old_device(1, "phone-1", kind="phone", managed=True),
        old_device(2, "phone-1", "https://other.example.com"),
        old_device(3, "phone-2", last_seen=later, owner="Ada"),
        old_device(4, "phone-3"),
    )
    insert_old(engine, "device_apps", {"device": 1, "app": "tiktok"})
    names = [
        (1, "key", "k1"),
        (1, "eas", "applx1"),
        (3, "eas", "applx1"),
        (3, "user", "ada"),
        (4, "eas", "validate"),
    ]
    names.append((2, "eas", "validate"))
    insert_old(engine, "device_names", *({"device": d, "kind": k, "name": n} for d, k, n in names))
    told = {"person": "ada", "reason": "prohibited-app", "told_at": later}
    insert_old(engine, "notices", *({"device": name, **told} for name in ("phone-1", "phone-2", "applx9")))
    store = await Store.open(url)
    one, two, three = [await store.devices.called(name) for name in (PHONE_1, "phone-2", "phone-3")]
    assert one == two
    assert sorted((each.source, each.id) for each in one[0].reports) == [
        (ISSUER, "phone-1"),
        (ISSUER, "phone-2"),
    ]
    assert one[0].reports[0] == Report(
        ISSUER,
        "phone-1",
        kind=Kind.PHONE,
        os="ios",
        os_version="26.1",
        managed=True,
        status="affirming",
        apps=frozenset({"tiktok"}),
        apps_complete=True,
        reported_at=NOW,
        expires_at=NOW,
        names=frozenset({("key", "k1"), ("eas", "applx1")}),
    )
    assert (one[0].first_seen, one[0].last_seen) == (NOW, NOW + minutes(9))
    assert await store.devices.find("eas", ["applx1"]) == one
    assert await store.devices.owned("ada") == one
    assert (three[0].claims, len(await store.devices.page())) == (frozenset(), 3)
    claim = {"pause": minutes(60), "at_most": 3, "per_hour": 99}
    assert not await store.notices.claim("ada", PHONE_1, "prohibited-app", NOW, **claim)
    await store.close()


async def test_what_was_seen_of_a_device_is_found_by_its_new_id(url: str) -> None:
    engine, now = at_revision(url, "0004"), NOW
    insert_old(engine, "devices", old_device(1, "phone-1"))
    client = dict.fromkeys(
        "kind assurance form os browser protocol eas_id method target headers".split(), "{}"
    )
    insert_old(engine, "clients", client | {"id": "c", "handheld": True, "last_at": now})
    seen = dict.fromkeys("posture user rule effect reason would policy reference".split(), "[]")
    seen |= {"count": 1, "first_at": now, "last_at": now, "day": NOW.date(), "client": "c"}
    insert_old(
        engine, "sightings", *(seen | {"id": name, "device": name} for name in ("phone-1", "other", ""))
    )
    store = await Store.open(url)
    found = {row.id: row.sighting.device for row in await store.sightings.latest()}
    assert found == {"phone-1": PHONE_1, "other": "other", "": ""}
    await store.close()
