"""What only one of several gates may do."""

import asyncio
from datetime import timedelta

from tests.unit.store.gates import other_gates as other_gates

from mailgate.store import Store

LONG, OVER = timedelta(hours=1), timedelta(seconds=-1)


async def test_of_two_that_ask_one_gets_it(store: Store) -> None:
    assert await store.leases.claim("mdm", "a", LONG)
    assert not await store.leases.claim("mdm", "b", LONG)
    assert await store.leases.claim("other", "b", LONG)


async def test_the_holder_renews_it(store: Store) -> None:
    assert await store.leases.claim("mdm", "a", LONG)
    assert await store.leases.claim("mdm", "a", LONG)


async def test_one_that_ran_out_is_taken_over_and_does_not_come_back(store: Store) -> None:
    assert await store.leases.claim("mdm", "a", OVER)
    assert await store.leases.claim("mdm", "b", LONG)
    assert not await store.leases.claim("mdm", "a", LONG)


async def test_one_that_is_given_back_is_free(store: Store) -> None:
    assert await store.leases.claim("mdm", "a", LONG)
    await store.leases.release("mdm", "b")
    assert not await store.leases.claim("mdm", "b", LONG)
    await store.leases.release("mdm", "a")
    assert await store.leases.claim("mdm", "b", LONG)


async def test_of_several_gates_that_ask_at_once_one_gets_it(store: Store, other_gates: list[Store]) -> None:
    stores = [store, *other_gates]
    answers = await asyncio.gather(
        *(each.leases.claim("mdm", str(number), LONG) for number, each in enumerate(stores))
    )
    assert sorted(answers) == [False, False, False, True]
