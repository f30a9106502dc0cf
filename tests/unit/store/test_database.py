"""The connections to the database: how they are set up, and what becomes of a file that went away."""

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.unit.clock import Clock
from tests.unit.store.examples import (
    ALLOW,
    BLOCK,
    BROWSER,
    CATALOG,
    DAY,
    KEEP,
    NOW,
    TERMS,
    access,
    mail_app,
    proof,
)
from tests.unit.store.outage import outage
from tests.unit.store.people import write_down

from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Kind, RequestFacts
from mailgate.store import Backlog, Store, StoreUnavailableError
from mailgate.store.database import CircuitBreaker, Database, empty_log
from mailgate.store.enrolments import _REPORTING
from mailgate.store.migrate import migrate, store_url


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


async def test_the_line_that_writes_is_set_up_like_the_others_and_is_no_readers(store: Store) -> None:
    """With other settings each of its commits would wait for the disk, and a reader would wait for it."""
    database = store._database
    pragmas = ("synchronous", "secure_delete", "wal_autocheckpoint", "busy_timeout")
    found = [(await database._driver_writer.ask(f"PRAGMA {each}", {}))[0][0] for each in pragmas]
    assert found == [1, 1, 16000, 5000]
    assert database._driver_writer is not database._driver


async def test_a_change_of_one_statement_that_is_refused_is_told_until_one_succeeds(store: Store) -> None:
    with sqlite3.connect(str(store._database._path), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError):
            await store._database.change(_REPORTING, NOW, {"key": "k", "report": ""}, timeout_seconds=0.01)
        assert store._database.refused_since is not None
        other.execute("ROLLBACK")
    assert await store._database.change(_REPORTING, NOW, {"key": "k", "report": ""}, timeout_seconds=60) == []
    assert store._database.refused_since is None


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


MARK = "forgettable"
"""In every name, id and text that is about the person or the device."""
OTHERS = 24


def record(person: str) -> Report:
    names = {
        "serial": f"SN-{person}",
        "udid": f"UD-{person}",
        "eas_ids": (f"appl{person}",),
        "keys": (f"k-{person}",),
    }
    apps = AppsReport(frozenset({"tiktok"}), True, NOW)
    return report_by("mdm", f"id-{person}", person, Kind.PHONE, "ios", apps=apps, **names)  # type: ignore[arg-type]


async def fill(store: Store, person: str) -> None:
    """A row in every table that names people, some of them written several times."""
    for _ in range(3):
        await store.devices.ingest([record(person)], NOW)
        store.ledger.record(access(client=mail_app(f"appl{person}"), device="", user=person), BLOCK)
        store.ledger.record(
            access(RequestFacts(headers={"user-agent": person}), device="", user=person), ALLOW
        )
        await store.ledger.flush()
    await write_down(store, person, f"appl{person}")


@pytest.fixture
async def full(store: Store) -> Store:
    for number in range(OTHERS):
        await fill(store, f"other-{number:04}")
        if number == OTHERS // 2:
            await fill(store, MARK)
    return store


def found_in(folder: Path) -> dict[str, int]:
    """How often the mark stands in each file, in any case and as hex."""
    words = (MARK.encode(), MARK.encode().hex().encode())
    read = {path.name: path.read_bytes().lower() for path in folder.rglob("*") if path.is_file()}
    return {name: count for name, data in read.items() if (count := sum(data.count(word) for word in words))}


async def forget_person(store: Store) -> None:
    await store.personal.forget(MARK, NOW, [f"{MARK}@example.com"])


async def forget_person_and_device(store: Store) -> None:
    (device,) = await store.devices.owned(MARK)
    assert await store.devices.forget(device.id, NOW)
    await forget_person(store)


async def keep_long_enough(store: Store) -> None:
    assert await store.retention.prune(NOW + 400 * DAY, KEEP)


@pytest.mark.parametrize("forget", [forget_person, forget_person_and_device, keep_long_enough])
async def test_nothing_of_it_can_be_read_in_any_file(
    full: Store, tmp_path: Path, forget: Callable[[Store], Awaitable[None]]
) -> None:
    assert found_in(tmp_path), "the test would see nothing at all"
    await forget(full)
    assert found_in(tmp_path) == {}


async def test_a_device_that_is_forgotten_leaves_no_name_of_its_own(full: Store, tmp_path: Path) -> None:
    (device,) = await full.devices.owned(MARK)
    await full.devices.forget(device.id, NOW)
    read = b"".join(path.read_bytes().lower() for path in tmp_path.rglob("*") if path.is_file())
    for name in (f"sn-{MARK}", f"ud{MARK}", f"ud-{MARK}", f"id-{MARK}", f"appl{MARK}", f"k-{MARK}"):
        assert name.encode() not in read


async def test_nothing_of_it_waits_on_disk_to_come_back(store: Store, tmp_path: Path) -> None:
    await store.devices.ingest([record(MARK)], NOW)
    with outage(store):
        for person in (MARK, "other"):
            store.ledger.record(
                access(client=mail_app(f"appl{person}"), device="", user=person.upper()), BLOCK
            )
        await store.ledger.flush()
    assert "sightings.jsonl" in found_in(tmp_path)
    await forget_person(store)
    assert found_in(tmp_path) == {}
    await store.ledger.flush()
    assert [row.sighting.user for row in await store.sightings.latest()] == ["OTHER"]


async def test_a_log_that_somebody_reads_is_emptied_later_and_that_is_said(
    store: Store, url: str, tmp_path: Path
) -> None:
    await fill(store, MARK)
    reader = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM devices").fetchone()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("mailgate.store.database._BUSY_TIMEOUT_MS", 1)
        await forget_person(store)
        assert not await store.wipe()
    assert found_in(tmp_path)
    reader.close()
    assert await store.wipe()
    assert found_in(tmp_path) == {}


def test_a_missing_store_is_not_made(tmp_path: Path) -> None:
    assert not empty_log(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []
