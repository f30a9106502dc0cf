"""The clock that all gates on a store share."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from mailgate.store import Store
from mailgate.store.clock import earliest_now, latest_now, seconds_now, time_now

LONG_PAST, FAR = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


async def test_the_time_is_that_of_the_database(store: Store) -> None:
    async with store._database.reading() as connection:
        seconds = (await connection.execute(select(seconds_now(connection)))).scalar_one()
        told = await time_now(connection)
    assert told.tzinfo is UTC
    assert int(told.timestamp()) >= int(seconds)


async def test_the_later_of_both_clocks_tells_whether_a_time_is_ahead(
    store: Store,
) -> None:
    async with store._database.reading() as connection:
        assert await latest_now(connection, FAR) == FAR
        assert await latest_now(connection, LONG_PAST) > LONG_PAST


async def test_a_moment_is_past_only_by_both_clocks(store: Store) -> None:
    """SQLite has no other clock than that of the computer, which the gate has too."""
    async with store._database.reading() as connection:
        is_alone = connection.dialect.name == "sqlite"
        assert (await earliest_now(connection, FAR) == FAR) is is_alone
        assert await earliest_now(connection, LONG_PAST) == LONG_PAST


LONG, OVER = timedelta(hours=1), timedelta(seconds=-1)


async def test_a_lease_is_given_to_one_of_two(store: Store) -> None:
    assert await store.leases.claim("mdm", "a", LONG)
    assert not await store.leases.claim("mdm", "b", LONG)
    assert await store.leases.claim("other", "b", LONG)


async def test_the_holder_of_a_lease_renews_it(store: Store) -> None:
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


async def test_a_lease_is_given_to_one_of_several_gates_at_once(
    store: Store, other_gates: list[Store]
) -> None:
    stores = [store, *other_gates]
    answers = await asyncio.gather(
        *(each.leases.claim("mdm", str(number), LONG) for number, each in enumerate(stores))
    )
    assert sorted(answers) == [False, False, False, True]
