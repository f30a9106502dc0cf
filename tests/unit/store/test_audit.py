"""The audit log in the store: added to by several processes at once, and by nobody else."""

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from tests.unit.store.examples import NOW
from tests.unit.store.steps import goes_by, scanned, steps_of

import mailgate
from mailgate.store import Act, AuditHead, Store, StoreError
from mailgate.store.audit import audit_time
from mailgate.store.migrate import store_url

ACT = Act(NOW, "ada", "policy-activated", "version 1", "first start", "desk", {"rules": 3})

APPEND = """
import asyncio, os, sys
from datetime import UTC, datetime
from mailgate.store import Act, Store

async def main(who):
    store = await Store.open(sys.argv[1])
    for number in range(20):
        await store.audit.append(Act(datetime.now(UTC), who, "tried", str(number)))
    await store.close()

# what takes longest is to import all this, which each of the three has from here
for who in "abc":
    if not os.fork():
        asyncio.run(main(who))
        os._exit(0)
sys.exit(any([os.wait()[1] for _ in "abc"]))
"""


GUARDS = {
    "sqlite": [
        *(f"audit_no_{act}" for act in ("insert", "update", "delete")),
        *(f"audit_head_no_{act}" for act in ("insert", "update", "delete")),
    ],
    "postgresql": [
        *(f"{name} ON audit" for name in ("audit_no_change", "audit_follows")),
        *(f"{name} ON audit_head" for name in ("audit_head_follows", "audit_head_stays")),
    ],
}


def tamper(url: str, *statements: str) -> None:
    """Do what only somebody with the database in hand can do: take the guard away first."""
    engine = create_engine(store_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        names = GUARDS[engine.dialect.name]
        for statement in [*(f"DROP TRIGGER {name}" for name in names), *statements]:
            connection.execute(text(statement))


async def write(store: Store, count: int) -> None:
    for _ in range(count):
        await store.audit.append(ACT)


async def test_an_appended_entry_is_read_back(store: Store) -> None:
    entry = await store.audit.append(ACT)
    assert [each async for each in store.audit.all()] == [entry]
    assert (entry.number, entry.at, entry.previous) == (1, "2026-12-01T12:00:00.000000+00:00", "")
    assert json.loads(entry.details) == {"rules": 3}
    assert await store.audit.head() == entry.head
    assert await store.audit.verify() == []


async def test_an_entry_is_never_before_the_one_before_it(store: Store) -> None:
    """A clock that lags, or was set back, puts no act outside the window in which the guard counts."""
    for behind in (timedelta(0), timedelta(days=9), timedelta(days=-1)):
        await store.audit.append(replace(ACT, at=NOW - behind))
    at = [entry.at for entry in await store.audit.page()]
    assert at == [audit_time(each) for each in (NOW, NOW, NOW + timedelta(days=1))]
    assert await store.audit.verify() == []


async def test_a_last_entry_whose_time_was_damaged_stops_no_other(store: Store, url: str) -> None:
    await write(store, 1)
    tamper(url, "UPDATE audit SET at = 'soon'")
    assert (await store.audit.append(ACT)).at == audit_time(NOW)


async def test_text_that_no_database_keeps_does_not_break_the_chain(store: Store) -> None:
    await store.audit.append(Act(NOW, "a\0b", "tried", "\udcff", "Grüße", "☃", {"x": "\udcff\0"}))
    assert await store.audit.verify() == []
    last, found = await store.audit.last("\udcff", "tried"), await store.audit.about(["\udcff"], "tried")
    assert last is not None
    assert found == [last]


@pytest.mark.parametrize(
    ("about", "whats", "number"),
    [
        ("version 1", ("policy-activated", "policy-rolled-back"), 2),
        ("version 1", ("policy-activated",), 1),
        ("version 2", ("policy-activated",), 4),
        ("version 3", ("policy-activated",), None),
    ],
    ids=["of several words", "of one word", "about another", "about nothing"],
)
async def test_the_last_entry_about_something(
    store: Store, about: str, whats: tuple[str, ...], number: int | None
) -> None:
    """What was done against the guard is found as what it is besides."""
    for what in ("policy-activated-against-the-guard", "policy-rolled-back", "noted"):
        await store.audit.append(replace(ACT, what=what))
    await store.audit.append(replace(ACT, about="version 2"))
    last = await store.audit.last(about, *whats)
    assert (last and last.number) == number


async def test_an_empty_log_is_whole(store: Store) -> None:
    assert await store.audit.verify() == []
    assert await store.audit.head() == AuditHead()


async def test_pages_follow_each_other(store: Store) -> None:
    await write(store, 5)
    assert [entry.number for entry in await store.audit.page(2, size=2)] == [3, 4]


def test_processes_that_append_at_once_make_one_chain(url: str) -> None:
    async def result() -> tuple[int, list[object]]:
        store = await Store.open(url)
        try:
            return len([each async for each in store.audit.all()]), list(await store.audit.verify())
        finally:
            await store.close()

    asyncio.run(result())
    env = {"PYTHONPATH": str(Path(mailgate.__file__).parents[1]), "PATH": ""}
    assert subprocess.run([sys.executable, "-c", APPEND, url], env=env).returncode == 0
    assert asyncio.run(result()) == (60, [])


COLUMNS = "number, at, who, what, about, why, origin, details, previous, digest"
ROW = f"INTO audit ({COLUMNS}) SELECT {COLUMNS} FROM audit"
CHANGES = [
    "UPDATE audit SET who = 'eve'",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE number = 2",
    f"INSERT {ROW} WHERE number = 2 ON CONFLICT (number) DO UPDATE SET who = 'eve'",
    f"INSERT {ROW.replace('SELECT number', 'SELECT 9')} WHERE number = 2",
    "UPDATE audit_head SET number = number - 1",
    "UPDATE audit_head SET digest = 'eve'",
    "DELETE FROM audit_head",
    "INSERT INTO audit_head VALUES (1, 1, 'eve') ON CONFLICT (one) DO UPDATE SET number = 1",
]
OF_SQLITE = [
    f"REPLACE {ROW} WHERE number = 2",
    f"INSERT OR REPLACE {ROW} WHERE number = 1",
    f"INSERT OR IGNORE {ROW} WHERE number = 1",
    f"REPLACE INTO audit (rowid, {COLUMNS}) VALUES (1, 1, '', 'eve', '', '', '', '', '', '', '')",
    "UPDATE OR REPLACE audit SET number = 1 WHERE number = 2",
    "REPLACE INTO audit_head VALUES (1, 1, 'eve')",
    "INSERT INTO audit_head VALUES (2, 1, 'eve')",
]
OF_POSTGRESQL = [
    "TRUNCATE audit",
    "TRUNCATE audit_head",
    "MERGE INTO audit USING audit_head ON audit.number = 1 WHEN MATCHED THEN UPDATE SET who = 'eve'",
    "SET session_replication_role = replica; DELETE FROM audit",
]


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
async def test_the_database_refuses_a_change(store: Store, url: str, recursive: str) -> None:
    await write(store, 3)
    engine = create_engine(store_url(url), poolclass=NullPool)
    sqlite = engine.dialect.name == "sqlite"
    for statement in CHANGES + (OF_SQLITE if sqlite else OF_POSTGRESQL):
        with engine.connect() as connection:
            if sqlite:
                connection.execute(text(f"PRAGMA recursive_triggers = {recursive}"))
            with pytest.raises(DBAPIError, match="only added to"):
                connection.execute(text(statement))
    assert await store.audit.verify() == []


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (["UPDATE audit SET who = 'eve' WHERE number = 2"], [2]),
        (["DELETE FROM audit WHERE number = 2"], [2]),
        (["DELETE FROM audit WHERE number > 2"], [3]),
        (["UPDATE audit SET number = -number WHERE number IN (2, 3)", "UPDATE audit SET number = 5 + number WHERE number < 0"], [2, 3]),
        (["UPDATE audit_head SET number = 3", "DELETE FROM audit WHERE number = 4"], [3]),
    ],
    ids=["edited", "deleted", "cut off", "reordered", "cut off with its count"],
)  # fmt: skip
async def test_tampering_is_found(store: Store, url: str, statements: list[str], named: list[int]) -> None:
    await write(store, 4)
    tamper(url, *statements)
    assert [each.number for each in await store.audit.verify()] == named


async def test_a_log_without_its_head_takes_no_more(store: Store, url: str) -> None:
    tamper(url, "DELETE FROM audit_head")
    with pytest.raises(StoreError, match="lost its head"):
        await store.audit.append(ACT)
    assert [each.number for each in await store.audit.verify()] == [0]


async def test_a_head_that_was_noted_is_looked_for(store: Store) -> None:
    await write(store, 2)
    noted = await store.audit.head()
    await write(store, 1)
    assert noted is not None
    assert await store.audit.verify([noted]) == []
    assert await store.audit.has_entry_of(noted)
    assert [each.number for each in await store.audit.verify([AuditHead(2, "0" * 64)])] == [2]
    assert not await store.audit.has_entry_of(AuditHead(2, "0" * 64))
    assert await store.audit.has_entry_of(AuditHead())


async def test_a_database_that_writes_nothing_takes_no_entry(store: Store, url: str) -> None:
    engine = create_engine(store_url(url), poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        nothing = "CREATE TRIGGER quiet BEFORE INSERT ON audit BEGIN SELECT RAISE(IGNORE); END"
    else:
        nothing = "CREATE RULE quiet AS ON INSERT TO audit DO INSTEAD NOTHING"
    with engine.begin() as connection:
        connection.execute(text(nothing))
    with pytest.raises(StoreError, match="accepts no more entries"):
        await store.audit.append(ACT)
    assert await store.audit.head() == AuditHead()


async def test_words_are_looked_for_a_window_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailgate.store.audit.WINDOW", 2)
    for why in ("needle", "hay", "hay", "hay"):
        await store.audit.append(replace(ACT, why=why))
    first = await store.audit.search("needle", "", 5, 9)
    assert (first.rows, first.after) == ([], 3)
    second = await store.audit.search("needle", "", 3, 9)
    assert [each.number for each in second.rows] == [1]
    assert (await store.audit.search("needle", "", 2, 9)).after is None
    everything = await store.audit.search("", "ada", 5, 3)
    assert ([each.number for each in everything.rows], everything.after) == ([4, 3, 2], 2)


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("since", "until", "numbers"),
    [
        (None, None, range(1, 5)),
        (NOW, NOW + DAY, range(1, 3)),
        (NOW + DAY, None, range(3, 5)),
        (None, NOW + DAY, range(1, 3)),
        (NOW - 9 * DAY, NOW, range(1, 1)),
        (NOW + 9 * DAY, None, range(5, 5)),
        (NOW + 9 * DAY, NOW, range(5, 1)),
    ],
)
async def test_a_time_has_the_entries_from_its_beginning_until_before_its_end(
    store: Store, since: datetime | None, until: datetime | None, numbers: range
) -> None:
    for hours in (0, 23, 24, 50):
        await store.audit.append(replace(ACT, at=NOW + timedelta(hours=hours)))
    found = await store.audit.numbers(since, until)
    assert found == numbers
    looked = await store.audit.search("", "", found.stop, 9, found.start)
    paged = [each.number async for page in store.audit.pages(numbers=found) for each in page]
    assert [each.number for each in looked.rows][::-1] == paged == [*numbers]
    assert scanned(await steps_of(store, lambda store: store.audit.numbers(since, until))) == []


@pytest.mark.parametrize(
    ("sought", "who", "way"),
    [
        ("", "", "PRIMARY KEY"),
        ("x", "", "PRIMARY KEY"),
        ("", "ada", "ix_audit_who"),
        ("x", "ada", "ix_audit_who"),
    ],
)
async def test_every_look_at_the_log_goes_by_an_index(store: Store, sought: str, who: str, way: str) -> None:
    steps = await steps_of(store, lambda store: store.audit.search(sought, who, 9, 9))
    assert goes_by(way, steps)
    assert scanned(steps) == []


async def test_entries_about_a_subject_are_found_by_an_index(store: Store) -> None:
    for ask in (
        lambda store: store.audit.about(["plan a"], "x"),
        lambda store: store.audit.last("plan a", "x"),
    ):
        assert goes_by("ix_audit_about", await steps_of(store, ask))


async def test_the_last_entries_of_some_acts_since_a_time(store: Store) -> None:
    for what, hours in (("a", 3), ("b", 2), ("a", 1), ("c", 0)):
        await store.audit.append(Act(NOW - timedelta(hours=hours), "ada", what))
    since = NOW - timedelta(hours=2)
    assert [each.what for each in await store.audit.latest(["a", "b"], since, 9)] == ["a", "b"]
    assert [each.number for each in await store.audit.latest(["a", "b", "c"], since, 1)] == [4]
