"""What is PostgreSQL's alone."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from tests.stores import stores_have_time as stores_have_time
from tests.unit.store.examples import BLOCK, BROWSER, CATALOG, KEEP, NOW, TERMS, access, proof
from tests.unit.store.test_gates import BEAT

from mailgate.devices.trust import report_by
from mailgate.model import PostureState
from mailgate.policy.reliefs import Cause, Relief
from mailgate.rollout.audit_check import compare
from mailgate.rollout.counted_acts import mark_lost
from mailgate.rollout.guard import Guard, Limit, read_window
from mailgate.rollout.person import Person, RefusedError
from mailgate.store import Act, HelpRequest, RuleTexts, Store, StoreError, StoreUnavailableError, kept_out
from mailgate.store.copying import copy_store
from mailgate.store.counts import AppDay, VerdictKey
from mailgate.store.gates import time_now
from mailgate.store.kept_out import Counted, KeptOut
from mailgate.store.migrate import migrate, store_url
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


@pytest.mark.parametrize("wrong", [timedelta(days=-30), timedelta(days=30)], ids=["lags", "is ahead"])
async def test_whatever_a_gate_whose_clock_is_wrong_does_is_stamped_by_the_database(
    store: Store, wrong: timedelta
) -> None:
    """So that the guard of another gate counts it, and entries are in order."""
    async with store._database.reading() as connection:
        before = await time_now(connection)
    act = Act(before + wrong, "ada", "policy-activated", details={"kept_out": asdict(KeptOut(3, 4))})
    newly = partial(kept_out.go_by, counted=Counted(KeptOut(3, 4)))
    activated = await store.policies.activate(RuleTexts("p", {"policy.yaml": "1"}), act, then=[newly])
    halted = await store.reliefs.halt(
        Relief(0, Cause.HALT, "shut", "", "ada", act.at), replace(act, what="rule-halted")
    )
    assert halted
    async with store._database.reading() as connection:
        after = await time_now(connection)
    entries = [datetime.fromisoformat(each.at) for each in await store.audit.page()]
    assert [activated.at, halted.at] == entries == sorted(entries)
    assert before <= entries[0] <= entries[1] <= after
    assert (await read_window(store, Guard(Limit(0)), before + wrong)).kept_out == KeptOut(3, 4)
    assert await compare(store, after) == []


async def test_a_gate_ahead_widens_nothing_by_what_it_writes_or_deletes(store: Store) -> None:
    async with store._database.reading() as connection:
        now = await time_now(connection)
    ahead = now + timedelta(days=400)
    await store.help_requests.note(
        HelpRequest("shut", "ada", "ada", "", "prohibited-app", "R", "p", True, 1, ahead, ahead)
    )
    assert await store.help_requests.people("shut", now + timedelta(hours=1)) == 0
    await store.verdicts.add({now: {VerdictKey("block", kind="phone"): 2}})
    await store.app_counts.keep([AppDay(now.date(), "tiktok", 1, 2, 0, 0, now)])
    assert await store.retention.prune(ahead, KEEP) == 0


async def test_devices_that_two_gates_mark_as_lost_in_the_same_moment_count_together(
    url: str, store: Store
) -> None:
    other, guard = await Store.open(url), Guard(Limit(0), by_hand=Limit(2), approvers=frozenset({"lin"}))
    await store.devices.ingest([report_by("mdm", f"{n}") for n in range(6)], NOW)
    marks = [
        mark_lost(each, guard, phone, Person("ada", "desk"), NOW, lost=True)
        for each, phone in zip([store, other] * 3, await store.devices.page(), strict=True)
    ]
    found = await asyncio.gather(*marks, return_exceptions=True)
    assert {type(each) for each in found} == {datetime, RefusedError}
    assert sum(each.lost_at is not None for each in await store.devices.page()) == 2
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
    with pytest.raises(StoreError, match=r"in the encoding SQL_ASCII; use UTF8") as error:
        migrate(store_url(ascii_only))
    made = str(error.value).rpartition(": ")[2].replace(" name ", " told ")
    with psycopg.connect(postgres.format("postgres"), autocommit=True) as server:
        server.execute(made.encode())
    migrate(store_url(postgres.format("told")))


def test_a_copy_into_such_a_database_is_refused_and_leaves_nothing(ascii_only: str, tmp_path: Path) -> None:
    before = store_url(f"sqlite:///{tmp_path}/before.db")
    migrate(before)
    with pytest.raises(StoreError, match="use UTF8"):
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


async def test_no_query_of_a_gate_is_compiled(store: Store, line: PostgresDriverConnection) -> None:
    """Whatever the server does by default, which expects many rows of tables that are new."""
    async with store._database.reading() as connection:
        assert await connection.scalar(text("SHOW jit")) == "off"
    assert await line.ask("SHOW jit", {}) == [("off",)]


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


async def test_a_late_answer_is_not_taken_for_the_next_one(line: PostgresDriverConnection) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await line.ask("SELECT pg_sleep(5)::text", {})
    assert await line.ask(ASK, VALUES) == ANSWER
