"""The clock that all gates on a store share."""

from datetime import UTC, datetime

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


async def test_neither_a_clock_that_lags_nor_one_that_is_ahead_makes_the_other_ones_times_look_ahead(
    store: Store,
) -> None:
    async with store._database.reading() as connection:
        assert await latest_now(connection, FAR) == FAR
        assert await latest_now(connection, LONG_PAST) > LONG_PAST


async def test_what_is_old_by_one_clock_alone_is_not_old(store: Store) -> None:
    """SQLite has no other clock than that of the computer, which the gate has too."""
    async with store._database.reading() as connection:
        is_alone = connection.dialect.name == "sqlite"
        assert (await earliest_now(connection, FAR) == FAR) is is_alone
        assert await earliest_now(connection, LONG_PAST) == LONG_PAST
