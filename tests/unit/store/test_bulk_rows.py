"""Many rows at once, with every value that a source may send."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, DateTime, MetaData, Table, Text, create_engine, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from mailgate.store import Store
from mailgate.store.bulk_rows import (
    Newest,
    RowPosition,
    among,
    delete_rows,
    insert_rows,
    put_rows,
    upsert,
    upsert_rows,
)
from mailgate.store.database import Database
from mailgate.store.migrate import store_url
from mailgate.store.schema import device_names, devices, reports

AT = datetime(2026, 12, 1, 12, 0, 0, 123_456, tzinfo=UTC)
ELSEWHERE = AT.astimezone(timezone(timedelta(hours=9)))
WORDS = [
    "",
    "Ada's",
    '"quoted"',
    "back\\slash",
    "{a,b}",
    ":told",
    "%s %(x)s",
    "line\nend",
    "\u65e5\u672c",
    "\U0001f4f1",
]


@pytest.fixture
async def opened(store: Store, url: str) -> AsyncIterator[Database]:  # store: it makes the tables
    database = Database(store_url(url))
    yield database
    await database.close()


def device(key: int) -> dict[str, Any]:
    return {
        "key": key,
        "id": f"id-{key}",
        "lost_at": None,
        "first_seen": AT,
        "last_seen": ELSEWHERE,
        "changed": 2**40,
    }


def report(key: int, owner: str) -> dict[str, Any]:
    texts = dict.fromkeys(
        "os os_version status apps names compliance_apps denied denied_by not_denied profile".split(), "[]"
    )
    words = {"enrolment": "unknown", "compliance": "none", "threat": "none"}
    times = (
        "reported_at looked_from expires_at compliance_at compliance_last denied_at denied_last denied_until"
    )
    nothing = dict.fromkeys(("kind", "managed", "asked", *times.split()))
    flags = {"gone": False, "handed": False, "apps_complete": True}
    seen = {"first_seen": AT, "last_seen": AT}
    return {
        "id": str(key),
        "source": "mdm",
        "device": key,
        "owner": owner,
        "person": owner,
        **texts,
        **words,
        **nothing,
        **flags,
        **seen,
    }


async def test_rows_arrive_as_they_were_sent(opened: Database) -> None:
    sent = [report(key, text) for key, text in enumerate(WORDS)]
    async with opened.writing() as connection:
        await insert_rows(connection, devices, [device(key) for key in range(len(WORDS))])
        await insert_rows(connection, reports, sent)
    async with opened.reading() as connection:
        stored = [
            dict(row)
            for row in (await connection.execute(select(devices).order_by(devices.c.key))).mappings()
        ]
        told = [
            dict(row)
            for row in (await connection.execute(select(reports).order_by(reports.c.device))).mappings()
        ]
    assert stored == [device(key) for key in range(len(WORDS))]
    assert told == sent


async def test_characters_that_no_database_keeps_are_escaped(opened: Database) -> None:
    async with opened.writing() as connection:
        await insert_rows(connection, devices, [device(1)])
        await insert_rows(connection, device_names, [{"kind": "serial", "name": "a\x00b\ud800", "device": 1}])
        assert (await connection.execute(select(device_names.c.name))).scalar_one() == "a\\x00b\\ud800"
        assert await found(connection, ["a\x00b\ud800"]) == [1]


async def found(connection: Any, texts: list[str]) -> list[int]:
    query = select(device_names.c.device).where(among(connection, device_names.c.name, texts))
    return sorted((await connection.execute(query)).scalars())


async def test_only_the_rows_that_are_named_change_and_go(opened: Database) -> None:
    names = [{"kind": "serial", "name": f"S{key}", "device": key} for key in range(4)]
    later = AT + timedelta(days=1)
    async with opened.writing() as connection:
        await insert_rows(connection, devices, [device(key) for key in range(4)])
        await insert_rows(connection, device_names, names)
        changed = [device(key) | {"lost_at": later, "changed": key} for key in (1, 3)]
        await put_rows(connection, devices, changed)
        await delete_rows(connection, device_names, [{"kind": "serial", "name": f"S{key}"} for key in (0, 3)])
        await delete_rows(connection, device_names, [{"kind": "udid", "name": "S1"}])
    async with opened.reading() as connection:
        rows = await connection.execute(select(devices.c.lost_at, devices.c.changed).order_by(devices.c.key))
        assert [tuple(row) for row in rows] == [(None, 2**40), (later, 1), (None, 2**40), (later, 3)]
        assert await found(connection, [f"S{key}" for key in range(9)]) == [1, 2]


async def test_an_empty_batch_does_nothing(opened: Database) -> None:
    async with opened.writing() as connection:
        await insert_rows(connection, devices, [])
        await put_rows(connection, devices, [])
        await delete_rows(connection, devices, [])
        assert await found(connection, []) == []


async def test_a_row_that_may_not_be_is_told_as_of_any_other_statement(opened: Database) -> None:
    async with opened.writing() as connection:
        await insert_rows(connection, devices, [device(1)])
        with pytest.raises(IntegrityError):
            await insert_rows(connection, devices, [device(1)])


async def test_an_existing_row_is_updated_as_the_statement_says(opened: Database) -> None:
    async with opened.writing() as connection:
        await insert_rows(connection, devices, [device(1)])
        statement = upsert(connection, devices)
        counted = {"changed": devices.c.changed + statement.excluded.changed}
        again = statement.on_conflict_do_update(index_elements=["key"], set_=counted)
        await upsert_rows(connection, again, devices, [device(1), device(2)])
    async with opened.reading() as connection:
        rows = (await connection.execute(select(devices).order_by(devices.c.key))).mappings()
        assert [dict(row) for row in rows] == [device(1) | {"changed": 2**41}, device(2)]


TABLE = Table("apps", MetaData(), Column("id", Text, primary_key=True), Column("name", Text))


@pytest.mark.parametrize(
    "dialect", [sqlite.dialect(), postgresql.dialect()], ids=lambda dialect: dialect.name
)
def test_both_databases_get_the_same_upsert(dialect) -> None:
    statement = upsert(SimpleNamespace(dialect=dialect), TABLE).values(id="tiktok", name="TikTok")
    statement = statement.on_conflict_do_update(index_elements=["id"], set_={"name": statement.excluded.name})
    sql = " ".join(str(statement.compile(dialect=dialect)).split())
    assert sql.startswith("INSERT INTO apps (id, name) VALUES (")
    assert sql.endswith("ON CONFLICT (id) DO UPDATE SET name = excluded.name")


ROWS = Table("rows", MetaData(), Column("at", DateTime), Column("name", Text, primary_key=True))
LIST = Newest(ROWS.c.at, ROWS.c.name)
START = datetime(2026, 12, 1, tzinfo=UTC).replace(tzinfo=None)

minutes = st.lists(st.integers(0, 3), min_size=1, max_size=12)


@given(minutes, st.integers(1, 4))
def test_every_row_comes_once_the_newest_first(at: list[int], size: int) -> None:
    rows = [{"at": START + timedelta(minutes=minute), "name": f"{n:02}"} for n, minute in enumerate(at)]
    with create_engine("sqlite://").begin() as connection:
        ROWS.create(connection)
        connection.execute(insert(ROWS), rows)
        told: list[RowPosition] = []
        while page := connection.execute(
            select(*LIST).where(*LIST.behind(told[-1] if told else None)).order_by(*LIST.order).limit(size)
        ).all():
            told += [RowPosition(*row) for row in page]
        assert told == sorted(
            (RowPosition(row["at"], row["name"]) for row in rows), key=lambda p: (START - p.at, p.name)
        )
        for number, place in enumerate(told, 1):
            upto = select(*LIST).where(*LIST.up_to(place))
            assert len(connection.execute(upto).all()) == number


@pytest.mark.parametrize("part", ["behind", "up_to"])
def test_without_a_place_everything_is_meant(part: str) -> None:
    assert getattr(LIST, part)(None) == []
