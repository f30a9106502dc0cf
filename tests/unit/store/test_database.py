"""The connections to the database: how they are set up, and what becomes of a file that went away."""

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest
from tests.unit.clock import Clock
from tests.unit.store.examples import BLOCK, BROWSER, CATALOG, NOW, TERMS, access, proof

from mailgate.store import Backlog, Store, StoreUnavailableError
from mailgate.store.address import store_url
from mailgate.store.database import CircuitBreaker, Database
from mailgate.store.migrate import migrate


async def test_only_the_owner_can_read_its_files(store: Store, url: str, tmp_path: Path) -> None:
    store.ledger.record(access(), BLOCK)
    await store.ledger.flush()
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path / "var").iterdir()}
    assert modes == dict.fromkeys(("mailgate.db", "mailgate.db-wal", "mailgate.db-shm"), "0o600")


async def test_every_connection_is_set_up(store: Store) -> None:
    expected = {
        "journal_mode": "wal",
        "busy_timeout": 5000,
        "synchronous": 1,
        "foreign_keys": 1,
        "secure_delete": 1,
    }
    async with store._database.reading() as connection:
        for pragma, value in expected.items():
            assert (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar() == value


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "mailgate.db").write_text("this is a letter, not a database\n" * 99)
    with pytest.raises(StoreUnavailableError, match=r"mailgate\.db cannot be opened: file is not a database"):
        migrate(store_url(f"sqlite:///{tmp_path}/mailgate.db"))


async def test_a_file_that_went_bad_is_unavailable(store: Store, url: str) -> None:
    path = Path(url.removeprefix("sqlite:///"))
    await store.close()
    path.write_text("x" * 5000)
    database = Database(store_url(url))
    with pytest.raises(StoreUnavailableError):
        async with database.reading() as connection:
            await connection.exec_driver_sql("SELECT * FROM devices")
    await database.close()


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_that_was_deleted_takes_nothing_more(store: Store, url: str, replaced: bool) -> None:
    """SQLite itself would go on writing into a file that nobody finds again."""
    path = Path(str(store_url(url).database))
    await store.ping()
    path.rename(path.with_name("moved"))
    if replaced:
        shutil.copy(path.with_name("moved"), path)
    with pytest.raises(StoreUnavailableError, match="deleted or replaced"):
        await store.ping()
    path.with_name("moved").rename(path)
    await store.ping()


async def test_a_refused_write_is_told_until_one_succeeds(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.refusal() == Backlog()

    def away(_self: Database) -> None:
        raise StoreUnavailableError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Database, "_check_file", away)
        with pytest.raises(StoreUnavailableError):
            await store.gates.leave("gone")
    assert store.refusal().error == "the disk is full"
    assert store.refusal().refused_since is not None
    await store.ping()
    assert store.refusal().error == "the disk is full", "what reads says nothing of it"
    await store.gates.leave("gone")
    assert store.refusal() == Backlog()


async def test_no_app_that_is_not_listed_reaches_the_disk(store: Store, tmp_path: Path) -> None:
    await store.postures(CATALOG, TERMS).current(BROWSER, proof("tiktok", "marker-of-an-unlisted-app"), NOW)
    await store.close()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"marker-of-an-unlisted-app" not in written
    assert b"tiktok" in written


@pytest.mark.parametrize("how", ["reading", "writing"])
async def test_a_transaction_that_runs_when_the_store_is_closed_ends_first(url: str, how: str) -> None:
    address = store_url(url)
    migrate(address)
    database, entered, may_end = Database(address), asyncio.Event(), asyncio.Event()

    async def use() -> None:
        async with getattr(database, how)() as connection:
            await connection.exec_driver_sql("SELECT count(*) FROM devices")
            entered.set()
            await may_end.wait()

    user = asyncio.create_task(use())
    await entered.wait()
    closing = asyncio.create_task(database.close())
    await asyncio.sleep(0)
    assert not closing.done()
    with pytest.raises(StoreUnavailableError, match="the store is closed"):
        async with database.reading():
            pass
    may_end.set()
    await asyncio.gather(user, closing)
    path = Path(str(address.database))
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_after_a_silence_nobody_asks_until_a_rest_is_over_and_then_one() -> None:
    clock = Clock(100.0)
    breaker = CircuitBreaker(clock, rest=3)
    asked = breaker.enter()
    assert asked == 100
    clock.now = 102
    breaker.timed_out(asked)
    assert breaker.enter() is None
    clock.now = 105
    assert [breaker.enter(), breaker.enter()] == [105, None]


def test_an_answer_lets_everybody_ask_again() -> None:
    clock = Clock(100.0)
    breaker = CircuitBreaker(clock, rest=3)
    breaker.timed_out(100)
    breaker.answered()
    assert [breaker.enter(), breaker.enter()] == [100, 100]


def test_a_slow_question_while_others_are_answered_is_no_silence() -> None:
    clock = Clock(100.0)
    breaker = CircuitBreaker(clock, rest=3)
    clock.now = 101
    breaker.answered()
    breaker.timed_out(100)
    assert breaker.enter() == 101


def test_without_a_rest_everybody_asks() -> None:
    breaker = CircuitBreaker(Clock(100.0), rest=0)
    breaker.timed_out(100)
    assert breaker.enter() == 100


async def test_a_store_that_is_whole_has_no_faults(store: Store) -> None:
    assert await store.faults() == []


async def test_a_row_that_belongs_to_nothing_is_found(store: Store, url: str) -> None:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute("INSERT INTO device_findings VALUES (7, 'r', 'a', 'd', '2026-12-01')")
    connection.close()
    assert await store.faults() == ["a row of device_findings belongs to one of devices that is not there"]


async def test_an_index_that_says_something_else_than_its_table_is_found(store: Store, url: str) -> None:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute("INSERT INTO devices VALUES (1, 'x', NULL, '2026-12-01', '2026-12-01', 5)")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, '(last_seen)', '(first_seen)') WHERE name = 'ix_devices_last_seen'"
        )
        connection.execute("UPDATE devices SET first_seen = '2026-01-01'")
    connection.close()
    assert await store.faults() != []
