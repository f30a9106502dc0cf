"""What is PostgreSQL's alone."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from tests.unit.store.examples import BLOCK, BROWSER, CATALOG, NOW, TERMS, access, proof
from tests.unit.store.test_gates import BEAT

from mailgate.model import PostureState
from mailgate.store import Store, StoreError, StoreUnavailableError
from mailgate.store.address import store_url
from mailgate.store.copying import copy_store
from mailgate.store.migrate import migrate
from mailgate.store.postgresql import PostgresDriverConnection


async def test_two_gates_on_one_database_see_each_others_reports(url: str, store: Store) -> None:
    other = await Store.open(url)
    await store.postures(CATALOG, TERMS).current(BROWSER, proof("tiktok"), NOW)
    await store.reports.flush()
    found = await other.postures(CATALOG, TERMS).current(BROWSER, proof(at=None), NOW)
    assert found.state is PostureState.LISTED
    await other.close()


async def test_the_database_says_what_time_it_is(store: Store) -> None:
    heard = await store.gates.note(BEAT)
    assert heard is not None
    assert heard > datetime(2026, 1, 1, tzinfo=UTC)


async def test_two_gates_write_the_same_rows_at_once(url: str, store: Store) -> None:
    other = await Store.open(url)
    for each in (store, other):
        for number in range(600):
            each.ledger.record(access(device=f"d{number if each is store else 599 - number}"), BLOCK)
    await asyncio.gather(store.ledger.flush(), other.ledger.flush())
    rows = await store.sightings.latest(size=1000)
    assert {row.tally.times for row in rows} == {2}
    assert len(rows) == 600
    await other.close()


async def test_a_lost_connection_is_an_outage_and_ends(url: str, store: Store) -> None:
    store.ledger.record(access(), BLOCK)
    await store.ledger.flush()
    await terminated(url)
    store.ledger.record(access(), BLOCK)
    await store.ledger.flush()
    await store.ledger.flush()
    (row,) = await store.sightings.latest()
    assert row.tally.times == 2


def test_an_absent_server_is_named_without_its_password() -> None:
    with pytest.raises(StoreUnavailableError, match="cannot be opened") as error:
        migrate(store_url("postgresql://u:hidden@/mail?host=/nowhere"))
    assert "hidden" not in str(error.value)


@pytest.fixture
def ascii_only(postgres: str) -> Iterator[str]:
    """A database as a cluster without a locale makes them."""
    with psycopg.connect(postgres.format("postgres"), autocommit=True) as server:
        server.execute("CREATE DATABASE ascii_only ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
        yield postgres.format("ascii_only")
        server.execute("DROP DATABASE ascii_only WITH (FORCE)")


def test_a_database_that_loses_letters_is_refused_with_the_right_command(
    ascii_only: str, postgres: str, tmp_path: Path
) -> None:
    with pytest.raises(StoreError, match=r"in the encoding SQL_ASCII, expected UTF8") as error:
        migrate(store_url(ascii_only))
    made = str(error.value).rpartition(": ")[2].replace(" name ", " told ")
    with psycopg.connect(postgres.format("postgres"), autocommit=True) as server:
        server.execute(made.encode())
    migrate(store_url(postgres.format("told")))


def test_a_copy_into_such_a_database_is_refused_and_leaves_nothing(ascii_only: str, tmp_path: Path) -> None:
    before = store_url(f"sqlite:///{tmp_path}/before.db")
    migrate(before)
    with pytest.raises(StoreError, match="expected UTF8"):
        copy_store(before, store_url(ascii_only))
    with psycopg.connect(ascii_only) as server:
        assert server.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


async def test_the_environment_does_not_choose_how_text_comes(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "SQL_ASCII")
    store = await Store.open(url)
    await store.postures(CATALOG, TERMS).current(BROWSER, proof("tiktok"), NOW)
    await store.reports.flush()
    await store.close()


async def terminated(url: str) -> None:
    """End every session on this database."""
    name = url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [name],
        )


@pytest.fixture
async def line(url: str) -> AsyncIterator[PostgresDriverConnection]:
    made = PostgresDriverConnection(store_url(url))
    yield made
    await made.close()


ASK = "SELECT %(one)s::text, each FROM json_array_elements_text(%(some)s::json) AS each"
VALUES = {"one": "ä\\'\"", "some": '["a", "b"]'}
ANSWER = [(VALUES["one"], "a"), (VALUES["one"], "b")]


async def test_a_line_answers_many_at_once_in_their_order(line: PostgresDriverConnection) -> None:
    assert await asyncio.gather(*(line.ask(ASK, VALUES) for _ in range(20))) == [ANSWER] * 20
    assert await line.ask("SELECT NULL, %(one)s::text", {"one": ""}) == [(None, "")]


async def test_a_line_that_broke_is_taken_up_again(url: str, line: PostgresDriverConnection) -> None:
    for pause in (0, 0.1):
        assert await line.ask(ASK, VALUES) == ANSWER
        await terminated(url)
        await asyncio.sleep(pause)
    assert await line.ask(ASK, VALUES) == ANSWER


async def test_a_question_that_is_refused_is_an_outage_and_ends(line: PostgresDriverConnection) -> None:
    for question in ("SELECT 1 FROM nobody", "SELECT 1 / (length(%(one)s) - 3)"):
        with pytest.raises(OSError, match="OperationalError"):
            await line.ask(question, {"one": "abc"} if "one" in question else {})
    assert await line.ask(ASK, VALUES) == ANSWER


async def test_a_late_answer_is_not_taken_for_the_next_one(
    line: PostgresDriverConnection,
) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await line.ask("SELECT pg_sleep(0.3)::text", {})
    assert await line.ask(ASK, VALUES) == ANSWER
