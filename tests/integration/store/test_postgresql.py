"""What is PostgreSQL's alone."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
from tests.unit.store.examples import BLOCK, BROWSER, CATALOG, MAX_AGE, NOW, access, proof

from mailgate.model import PostureState
from mailgate.store import Store, StoreUnavailableError
from mailgate.store.database import store_url
from mailgate.store.migrate import migrate
from mailgate.store.postgresql import ServerLine


async def test_two_gates_on_one_database_see_each_others_reports(url: str, store: Store) -> None:
    other = await Store.open(url)
    await store.postures(CATALOG, MAX_AGE).current(BROWSER, proof("tiktok"), NOW)
    await store.reports.flush()
    found = await other.postures(CATALOG, MAX_AGE).current(BROWSER, proof(at=None), NOW)
    assert found.state is PostureState.LISTED
    await other.close()


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


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(StoreUnavailableError, match="cannot be opened") as error:
        migrate(store_url("postgresql://u:hidden@/mail?host=/nowhere"))
    assert "hidden" not in str(error.value)


async def terminated(url: str) -> None:
    """End every session on this database."""
    name = url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [name],
        )


@pytest.fixture
async def line(url: str) -> AsyncIterator[ServerLine]:
    made = ServerLine(store_url(url))
    yield made
    await made.close()


ASK = "SELECT %(one)s::text, each FROM json_array_elements_text(%(some)s::json) AS each"
VALUES = {"one": "ä\\'\"", "some": '["a", "b"]'}
ANSWER = [(VALUES["one"], "a"), (VALUES["one"], "b")]


async def test_a_line_answers_many_at_once_in_their_order(line: ServerLine) -> None:
    assert await asyncio.gather(*(line.ask(ASK, VALUES) for _ in range(20))) == [ANSWER] * 20
    assert await line.ask("SELECT NULL, %(one)s::text", {"one": ""}) == [(None, "")]


async def test_a_line_that_broke_is_taken_up_again(url: str, line: ServerLine) -> None:
    for pause in (0, 0.1):
        assert await line.ask(ASK, VALUES) == ANSWER
        await terminated(url)
        await asyncio.sleep(pause)
    assert await line.ask(ASK, VALUES) == ANSWER


async def test_a_question_that_is_refused_is_an_outage_and_ends(line: ServerLine) -> None:
    for question in ("SELECT 1 FROM nobody", "SELECT 1 / (length(%(one)s) - 3)"):
        with pytest.raises(OSError, match="OperationalError"):
            await line.ask(question, {"one": "abc"} if "one" in question else {})
    assert await line.ask(ASK, VALUES) == ANSWER


async def test_the_answer_to_a_question_that_was_given_up_is_not_taken_for_another(line: ServerLine) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await line.ask("SELECT pg_sleep(0.3)::text", {})
    assert await line.ask(ASK, VALUES) == ANSWER
