"""The clock of the database: the one clock that all gates on a store share, whatever their own clocks say."""

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Float, extract, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

_EPOCH = 2440587.5
"""1970-01-01 as a Julian day."""


def seconds_now(connection: AsyncConnection) -> ColumnElement[float]:
    """The seconds since 1970 by the database's clock, since the clocks of gates may differ."""
    if connection.dialect.name == "postgresql":
        return extract("epoch", func.clock_timestamp()).cast(Float(53))
    return (func.julianday("now") - _EPOCH) * 86400.0


async def time_now(connection: AsyncConnection) -> datetime:
    """The time by the database's clock."""
    seconds = (await connection.execute(select(seconds_now(connection)))).scalar_one()
    return datetime.fromtimestamp(float(seconds), UTC)


async def latest_now(connection: AsyncConnection, now: datetime) -> datetime:
    """The later of ``now`` by a gate's clock and the database's time. What is ahead of both was stamped by a clock that was
    wrong, and one clock that lags makes nothing look ahead."""
    return max(now, await time_now(connection))


async def earliest_now(connection: AsyncConnection, now: datetime) -> datetime:
    """The earlier of ``now`` by a gate's clock and the database's time: what is old enough by it is not old only by a clock that
    is ahead. SQLite has no clock but that of the gate's own computer."""
    return now if connection.dialect.name == "sqlite" else min(now, await time_now(connection))
