"""A line to an SQLite file by the driver alone."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailgate.store.driver_connection import SqliteDriverConnection, ThreadConnection

ASK = "SELECT :one, value FROM json_each(:some)"
VALUES = {"one": "x", "some": '["a", "b"]'}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "a file.db"
    sqlite3.connect(found).close()
    found.touch()
    return found


@pytest.fixture
async def line(path: Path) -> AsyncIterator[SqliteDriverConnection]:
    made = SqliteDriverConnection(path)
    yield made
    await made.close()


async def test_rows_come_as_the_driver_tells_them(line: SqliteDriverConnection) -> None:
    assert await line.ask(ASK, VALUES) == [("x", "a"), ("x", "b")]


async def test_many_at_once_share_one_connection(line: SqliteDriverConnection) -> None:
    answers = await asyncio.gather(*(line.ask(ASK, VALUES) for _ in range(20)))
    assert answers == [[("x", "a"), ("x", "b")]] * 20


async def test_a_failure_is_an_outage_and_ends(line: SqliteDriverConnection) -> None:
    with pytest.raises(OSError, match="no such table"):
        await line.ask("SELECT 1 FROM nobody", {})
    assert await line.ask("SELECT 1", {}) == [(1,)]


async def test_a_file_that_is_gone_is_not_made_anew(path: Path, line: SqliteDriverConnection) -> None:
    path.unlink()
    with pytest.raises(OSError, match="unable to open"):
        await line.ask("SELECT 1", {})
    assert not path.exists()


async def test_closed_before_it_was_used_it_has_nothing_to_close(path: Path) -> None:
    await SqliteDriverConnection(path).close()


async def test_a_statement_goes_to_the_thread_once_and_comes_back_with_its_rows(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, trips = await ThreadConnection(str(path)), list[object]()
    go = connection._execute
    monkeypatch.setattr(connection, "_execute", lambda *what: trips.append(what) or go(*what))
    cursor = connection.cursor()
    await cursor.execute("SELECT 1 UNION SELECT 2")
    assert await cursor.fetchall() == [(1,), (2,)]
    await cursor.close()
    assert len(trips) == 1
    await connection.close()
