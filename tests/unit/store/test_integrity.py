"""What is broken in a database is said in words."""

import sqlite3

from mailgate.store import Store


async def test_a_store_that_is_whole_has_none(store: Store) -> None:
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
