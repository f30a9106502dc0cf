"""Being told that the store has changed. Run on SQLite here and on PostgreSQL by ``tests/integration/store``."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.servers import PATIENCE
from tests.unit.store.examples import NOW

from mailgate.store import Act, RuleTexts, Store

ACT = Act(NOW, "ada", "policy-activated")


@pytest.fixture
async def other(url: str, store: Store) -> AsyncIterator[Store]:
    """Another process's view of the same store, which listens."""
    told = Store.beside(url)
    listening = asyncio.create_task(told.change_signal.run())
    yield told
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await told.close()


async def heard(other: Store, store: Store) -> int:
    """Change what is in force until the other hears of it: it may not have begun to listen at first."""
    for number in range(100):
        waiting = asyncio.create_task(other.change_signal.wait(PATIENCE if number == 99 else 0.3, 0))
        await store.policies.activate(RuleTexts("p", {"policy.yaml": str(number)}), ACT)
        if rings := await waiting:
            return rings
    return 0


async def test_it_rings_when_another_process_puts_rules_in_force(store: Store, other: Store) -> None:
    assert await heard(other, store)


async def test_what_rang_meanwhile_is_not_waited_for_again(store: Store, other: Store) -> None:
    rings = await heard(other, store)
    assert (
        await other.change_signal.wait(PATIENCE, rings - 1) >= rings
    )  # the ring of an earlier try may come late


async def test_where_nothing_rings_the_wait_is_over_all_the_same(store: Store) -> None:
    assert await store.change_signal.wait(0.01, 0) == 0


async def test_whoever_gives_up_waiting_leaves_nothing_behind(store: Store) -> None:
    waiting = asyncio.create_task(store.change_signal.wait(PATIENCE, 0))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert not store.change_signal._waiting
