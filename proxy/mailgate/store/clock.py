"""The clock of the database, which all gates on a store share whatever their own clocks say, and leases, which expire by it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Float, delete, extract, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store.bulk_rows import upsert
from mailgate.store.database import Queries
from mailgate.store.schema import leases

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


async def shared_now(connection: AsyncConnection, now: datetime) -> datetime:
    """The time by which gates on a store compare what they wrote: the database's. SQLite has no clock but that of the gate's own
    computer, which is ``now``."""
    return now if connection.dialect.name == "sqlite" else await time_now(connection)


async def latest_now(connection: AsyncConnection, now: datetime) -> datetime:
    """The later of ``now`` by a gate's clock and the database's time. What is ahead of both was stamped by a clock that was
    wrong, and one clock that lags makes nothing look ahead."""
    return max(now, await time_now(connection))


async def earliest_now(connection: AsyncConnection, now: datetime) -> datetime:
    """The earlier of ``now`` by a gate's clock and the database's time: what is old enough by it is not old only by a clock that
    is ahead."""
    return now if connection.dialect.name == "sqlite" else min(now, await time_now(connection))


class Leases(Queries):
    """Queries on leases."""

    async def claim(self, name: str, holder: str, span: timedelta) -> bool:
        """Take a free lease, or renew one's own, for ``span`` from now. Returns False if another gate holds it."""
        async with self._database.writing() as connection:
            now = seconds_now(connection)
            until = now + span.total_seconds()
            statement = upsert(connection, leases).values(name=name, holder=holder, until=until)
            mine_or_over = or_(leases.c.holder == holder, leases.c.until < now)
            statement = statement.on_conflict_do_update(
                index_elements=["name"], set_={"holder": holder, "until": until}, where=mine_or_over
            )
            taken = await connection.execute(statement.returning(leases.c.holder))
            return taken.first() is not None

    async def release(self, name: str, holder: str) -> None:
        """Give back one's own lease before it expires."""
        mine = (leases.c.name == name, leases.c.holder == holder)
        await self._change(delete(leases).where(*mine))
