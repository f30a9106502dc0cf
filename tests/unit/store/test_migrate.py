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
from sqlalchemy import Engine, MetaData, Table, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from tests.unit.store.examples import NOW

import mailgate
from mailgate.store import (
    Act,
    RuleTexts,
    Store,
    StoreError,
    StoreMissingError,
    StoreUnavailableError,
    migrations,
)
from mailgate.store.errors import OlderStoreError
from mailgate.store.migrate import create_file, migrate, shown, store_url
from mailgate.store.schema import gates, metadata

STEPS = Path(migrations.__file__).parent
EXPRESSIONS = "ignore:.*expression-based index"
"""SQLite keeps these, and SQLAlchemy cannot read them back; tests/unit/store/test_folding.py shows that they are used."""


@pytest.mark.filterwarnings(EXPRESSIONS)
def test_the_migrations_build_the_schema(url: str) -> None:
    migrate(store_url(url))
    with create_engine(store_url(url), poolclass=NullPool).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


async def test_opening_again_keeps_what_is_stored(url: str) -> None:
    store = await Store.open(url)
    active = await store.policies.activate(
        RuleTexts("p", {"policy.yaml": "1"}), Act(NOW, "ada", "policy-activated")
    )
    await store.close()
    migrate(store_url(url))
    again = await Store.open(url)
    assert await again.policies.history() == [active]
    await again.close()


MIGRATE = """
import os, sys
from mailgate.store import migrate

# what takes longest is to import all this, which each of the three has from here
for _ in range(3):
    if not os.fork():
        migrate.migrate(migrate.store_url(sys.argv[1]))
        os._exit(0)
sys.exit(any([os.wait()[1] for _ in range(3)]))
"""


def test_two_processes_may_start_at_once(url: str) -> None:
    env = os.environ | {"PYTHONPATH": str(Path(mailgate.__file__).parents[1])}
    assert subprocess.run([sys.executable, "-c", MIGRATE, url], env=env).returncode == 0


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
    with pytest.raises(StoreUnavailableError, match=r"is not a database; stop every gate"):
        migrate(address)


class Steps:
    """A copy of the migrations, to which a test adds the steps of versions that are still to come."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = shutil.copytree(STEPS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        self._monkeypatch = monkeypatch
        self.head = newest(STEPS).revision

    def add(self, *statements: str) -> None:
        """One more step, which this version takes from now on."""
        revision = f"{int(self.head) + 1:04}"
        lines = ["from alembic import op", f"revision, down_revision = {revision!r}, {self.head!r}"]
        lines += ["def upgrade() -> None:", *(f"    op.execute({statement!r})" for statement in statements)]
        (self._folder / "versions" / f"v{revision}_added.py").write_text("\n".join(lines))
        self.head = revision
        self._monkeypatch.setattr("mailgate.store.migrate._STEPS", self._folder)

    def forget(self) -> None:
        """Be the version before again, which knows only the steps that it came with."""
        self._monkeypatch.undo()


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Steps:
    return Steps(tmp_path / "steps", monkeypatch)


def newest(folder: Path) -> Script:
    config = Config()
    config.set_main_option("script_location", str(folder))
    scripts = ScriptDirectory.from_config(config)
    return scripts.get_revision(scripts.get_current_head() or "")


def stamp(url: str) -> str | None:
    with create_engine(store_url(url), poolclass=NullPool).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


ADDED = (
    "ALTER TABLE gates ADD COLUMN country TEXT DEFAULT 'se' NOT NULL",
    "CREATE TABLE countries (name TEXT PRIMARY KEY)",
)
"""What a step may do: an older gate that is still running lives on without knowing of it."""


def test_a_store_of_a_newer_version_is_refused_and_left_alone(url: str, steps: Steps) -> None:
    steps.add(*ADDED)
    migrate(store_url(url))
    steps.forget()
    known = newest(STEPS).revision
    with pytest.raises(
        StoreError, match=rf"newer Mailgate \(its schema is {steps.head}, this version knows up to {known}\)"
    ):
        migrate(store_url(url))
    assert stamp(url) == steps.head


def test_a_store_with_two_stamps_counts_as_the_newer_one(url: str) -> None:
    migrate(store_url(url))
    with create_engine(store_url(url), poolclass=NullPool).begin() as connection:
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('9999')")
    with pytest.raises(StoreError, match=r"newer Mailgate \(its schema is 9999"):
        migrate(store_url(url))


def test_a_look_alone_does_not_upgrade_an_older_store(url: str, steps: Steps) -> None:
    migrate(store_url(url))
    known = steps.head
    steps.add(*ADDED)
    with pytest.raises(
        OlderStoreError, match=rf"older Mailgate \(its schema is {known}\), and only a gate upgrades"
    ):
        migrate(store_url(url), make=False)
    assert stamp(url) == known
    steps.forget()
    migrate(store_url(url), make=False)


@pytest.mark.filterwarnings(EXPRESSIONS)
def test_an_older_store_takes_every_missing_step_and_keeps_its_rows(url: str, steps: Steps) -> None:
    engine, before = at_revision(url, steps.head)
    with engine.begin() as connection:
        connection.execute(before.tables["gates"].insert(), made_up(before.tables["gates"]))
    steps.add(*ADDED)
    steps.add("CREATE TABLE towns (name TEXT PRIMARY KEY)")
    migrate(store_url(url))
    assert stamp(url) == steps.head
    with engine.begin() as connection:
        assert connection.execute(text("SELECT host, country FROM gates")).all() == [("x", "se")]
        assert connection.execute(text("SELECT count(*) FROM towns")).scalar() == 0


def test_a_step_that_fails_halfway_leaves_the_store_as_it_was(url: str, steps: Steps) -> None:
    """All steps are one transaction, so the version before still starts on this store."""
    migrate(store_url(url))
    before = stamp(url)
    steps.add(*ADDED)
    steps.add("ALTER TABLE gates ADD COLUMN town TEXT", "INSERT INTO nowhere VALUES (1)")
    with pytest.raises(StoreUnavailableError, match=r"cannot be opened: .*nowhere"):
        migrate(store_url(url))
    with create_engine(store_url(url), poolclass=NullPool).connect() as connection:
        there = inspect(connection)
        assert "countries" not in there.get_table_names()
        assert {each["name"] for each in there.get_columns("gates")} == set(gates.c.keys())
    assert stamp(url) == before
    steps.forget()
    migrate(store_url(url))


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        ("DROP TABLE gates", "it lacks table gates. If another"),
        ("ALTER TABLE gates DROP COLUMN version", "it lacks column gates.version. If another"),
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


def test_a_missing_store_is_made_only_on_demand(url: str) -> None:
    with pytest.raises(StoreMissingError, match="there is no store at"):
        migrate(store_url(url), make=False)
    migrate(store_url(url))
    migrate(store_url(url), make=False)


@pytest.mark.filterwarnings(EXPRESSIONS)
def test_the_version_before_works_after_the_last_step(url: str, steps: Steps) -> None:
    """It knows the tables as they were: no table, column or rule that it lives by may go in one step."""
    last = newest(STEPS)
    engine, before = at_revision(url, str(last.down_revision or last.revision))
    steps.add(*ADDED)
    migrate(store_url(url))
    go_on(engine, before)


@pytest.mark.filterwarnings(EXPRESSIONS)
@pytest.mark.parametrize("step", ["DROP TABLE gates", "ALTER TABLE gates DROP COLUMN version"])
def test_a_step_that_an_older_gate_would_fail_at_is_found(url: str, step: str) -> None:
    engine, before = at_revision(url, newest(STEPS).revision)
    with engine.begin() as connection:
        connection.execute(text(step))
    with pytest.raises(DBAPIError):
        go_on(engine, before)


def at_revision(url: str, revision: str) -> tuple[Engine, MetaData]:
    """A store as an older version left it, and the tables as that version knows them."""
    address, before = store_url(url), MetaData()
    create_file(address)
    engine = create_engine(address, poolclass=NullPool)
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(STEPS))
        command.upgrade(config, revision)
    before.reflect(engine)
    return engine, before


def go_on(engine: Engine, tables: MetaData) -> None:
    """Write and read a row of each of these tables, and delete it again."""
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            if not connection.execute(table.select()).all():  # some have the one row that they ever have
                connection.execute(table.insert(), made_up(table))
            assert len(connection.execute(table.select()).all()) == 1
        for table in reversed(tables.sorted_tables):
            if table.name not in ("alembic_version", "audit", "audit_head"):  # the log is only added to
                connection.execute(table.delete())


def made_up(table: Table) -> dict[str, object]:
    """A row with every column of ``table``, the same values everywhere, so that it is found by its foreign keys."""
    values: dict[type, object] = {str: "x", int: 1, bool: True, bytes: b"x", datetime: NOW, float: 1.0}
    values[date] = NOW.date()
    return {column.name: values[column.type.python_type] for column in table.c}


@pytest.mark.parametrize(
    ("text", "driver", "database"),
    [
        ("sqlite:///var/mailgate.db", "sqlite+pysqlite", "{cwd}/var/mailgate.db"),
        ("sqlite:////srv/mailgate.db", "sqlite+pysqlite", "/srv/mailgate.db"),
        ("postgresql://u:p@db.example.com:5433/mail?sslmode=require", "postgresql+psycopg", "mail"),
        ("postgresql:///mail", "postgresql+psycopg", "mail"),
        ("postgres://db.example.com/mail", "postgresql+psycopg", "mail"),
        ("postgresql+asyncpg://db.example.com/mail", "postgresql+psycopg", "mail"),
    ],
)
def test_addresses_of_a_store_are_read(
    text: str, driver: str, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = store_url(text)
    assert (url.drivername, url.database) == (driver, database.format(cwd=tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "var/mailgate.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://var/mailgate.db",
        "mysql://u:hidden@db.example.com/mail",
        "mysql://u@db.example.com/mail?password=hidden",
        "postgresql://u:hidden@db.example.com:port/mail",
        "postgresql://u:x@hidden@db.example.com/mail",
        "postgresql://u:x@y/hidden@db.example.com/mail",
        "postgresql://u:x@hidden:5432/y@db.example.com/mail",
    ],
)
def test_other_forms_are_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(StoreError, match=r"use sqlite:///PATH or postgresql://") as error:
        store_url(text)
    assert "hidden" not in str(error.value)


def test_a_store_is_named_without_its_password_wherever_that_stands() -> None:
    url = store_url(
        "postgresql://u:hidden@db.example.com:5433/mail?password=hidden&sslpassword=hidden&host=/run/pg"
    )
    assert shown(url) == "postgresql://u:***@db.example.com:5433/mail?host=%2Frun%2Fpg"
    assert shown(store_url("sqlite:////srv/mail.db")) == "/srv/mail.db"
    with pytest.raises(StoreError, match=r"^sqlite:// is no store"):
        store_url("sqlite://")


def test_a_file_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/mailgate\.db cannot be made: (Not a directory|File exists)"):
        create_file(store_url(f"sqlite:///{tmp_path}/file/mailgate.db"))
