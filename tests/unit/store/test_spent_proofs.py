"""Proofs that are spent once, at whatever gate."""

import asyncio
from datetime import datetime, timedelta

import pytest
from tests.unit.store.examples import NOW
from tests.unit.store.outage import outage

from mailgate.store import Store, StoreUnavailableError, gates, spent_proofs
from mailgate.store.database import Database

UNTIL = NOW + timedelta(minutes=2)


def ticket(number: int) -> bytes:
    return number.to_bytes(32)


async def test_a_proof_spent_at_one_gate_is_spent_at_all(store: Store, other_gates: list[Store]) -> None:
    other = other_gates[0]
    assert await store.spent.spend(ticket(1), UNTIL, NOW)
    assert not await other.spent.spend(ticket(1), UNTIL, NOW)
    assert not await store.spent.spend(ticket(1), UNTIL, NOW)
    assert await other.spent.spend(ticket(2), UNTIL, NOW)


async def test_each_of_many_proofs_is_spent_at_one_of_several_gates(
    store: Store, other_gates: list[Store]
) -> None:
    asked = [each.spent.spend(ticket(n), UNTIL, NOW) for each in (store, *other_gates) for n in range(300)]
    assert sum(await asyncio.gather(*asked)) == 300


async def test_simultaneous_proofs_share_a_transaction(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    writing = Database.writing

    def counted(self: Database, timeout_seconds: float = 10.0):
        opened.append(timeout_seconds)
        return writing(self, timeout_seconds)

    monkeypatch.setattr(Database, "writing", counted)
    assert all(await asyncio.gather(*(store.spent.spend(ticket(n), UNTIL, NOW) for n in range(1200))))
    assert len(opened) == 3


async def test_the_same_one_twice_at_the_same_moment_is_taken_once(store: Store) -> None:
    both = await asyncio.gather(*(store.spent.spend(ticket(1), UNTIL, NOW) for _ in range(2)))
    assert sorted(both) == [False, True]


async def test_a_store_that_is_away_is_left_alone_for_a_moment(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with outage(store):
        asked = [store.spent.spend(ticket(n), UNTIL, NOW) for n in range(3)]
        results = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(each) for each in results} == {StoreUnavailableError}
    with pytest.raises(StoreUnavailableError):
        await store.spent.spend(ticket(1), UNTIL, NOW + timedelta(seconds=0.9))
    assert await store.spent.spend(ticket(1), UNTIL, NOW + timedelta(seconds=1))


async def test_only_a_few_proofs_wait_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spent_proofs, "_MOST_WAITING", 2)
    asked = [store.spent.spend(ticket(n), UNTIL, NOW) for n in range(3)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert results[:2] == [True, True]
    assert isinstance(results[2], StoreUnavailableError)


async def test_a_proof_that_cannot_return_is_forgotten(store: Store) -> None:
    await store.spent.spend(ticket(1), UNTIL, NOW)
    assert await store.spent.prune(UNTIL + timedelta(minutes=2)) == 0
    assert await store.spent.prune(UNTIL + timedelta(minutes=2, seconds=1)) == 1
    assert await store.spent.spend(ticket(1), UNTIL, NOW)


async def test_a_gate_whose_clock_is_ahead_lets_nothing_be_sent_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def right(_connection: object, now: datetime) -> datetime:
        return min(now, NOW)

    await store.spent.spend(ticket(1), UNTIL, NOW)
    monkeypatch.setattr(gates, "earliest_now", right)
    assert await store.spent.prune(NOW + timedelta(hours=2)) == 0
    assert not await store.spent.spend(ticket(1), UNTIL, NOW)
