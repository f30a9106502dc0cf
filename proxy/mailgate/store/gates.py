"""What the gates on one store share: its clock, leases and secrets, and which of them run."""

import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Float, delete, extract, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store.bulk_rows import upsert
from mailgate.store.database import Queries
from mailgate.store.schema import gates, keys, leases

_EPOCH = 2440587.5
"""1970-01-01 as a Julian day."""


def seconds_now(connection: AsyncConnection | Connection) -> ColumnElement[float]:
    """The seconds since 1970 by the database's clock, since the clocks of gates may differ."""
    if connection.dialect.name == "postgresql":
        return extract("epoch", func.clock_timestamp()).cast(Float(53))
    return (func.julianday("now") - _EPOCH) * 86400.0


async def time_now(connection: AsyncConnection) -> datetime:
    """The time by the database's clock."""
    seconds = (await connection.execute(select(seconds_now(connection)))).scalar_one()
    return datetime.fromtimestamp(float(seconds), UTC)


async def shared_now(connection: AsyncConnection, now: datetime) -> datetime:
    """The time by which gates on a store compare what they wrote: the database's, or on SQLite that of the one computer, ``now``."""
    return now if connection.dialect.name == "sqlite" else await time_now(connection)


async def latest_now(connection: AsyncConnection, now: datetime) -> datetime:
    """The later of ``now`` by a gate's clock and the database's time. What is ahead of both was stamped by a clock that was
    wrong, and one clock that lags makes nothing look ahead."""
    return max(now, await time_now(connection))


async def earliest_now(connection: AsyncConnection, now: datetime) -> datetime:
    """The earlier of ``now`` and the database's time: what is old enough by it is not old only by a clock that is ahead."""
    return now if connection.dialect.name == "sqlite" else min(now, await time_now(connection))


class Leases(Queries):
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


_SLOT = ("host", "address", "worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateHeartbeat:
    """The report of one process of a gate. A process that starts again at the same place replaces the earlier one."""

    host: str
    address: str
    """The address at which it serves employees."""
    worker: int
    workers: int
    instance: str
    """The id of this process, which differs from those of earlier processes at the same place."""
    version: str
    policy: str
    number: int
    serial: int
    """The activation that the process decides by. ``version`` and ``policy`` belong to it."""
    since: datetime
    """When this process put the activation in force, by its own clock."""


@dataclass(frozen=True, slots=True)
class LastHeartbeat:
    heartbeat: GateHeartbeat
    ago: timedelta
    """The time since the report by the database's clock, since the clocks of gates may differ."""


class Gates(Queries):
    async def note(self, heartbeat: GateHeartbeat) -> datetime | None:
        """Store the report of a process. Returns the time by the database's clock; None on SQLite, where it is the process's own."""
        async with self._database.writing() as connection:
            row = asdict(heartbeat) | {"heard_at": seconds_now(connection)}
            statement = upsert(connection, gates).values(**row)
            news = {name: value for name, value in row.items() if name not in _SLOT}
            statement = statement.on_conflict_do_update(index_elements=_SLOT, set_=news)
            heard = (await connection.execute(statement.returning(gates.c.heard_at))).scalar_one()
            own = connection.dialect.name == "sqlite"
            return None if own else datetime.fromtimestamp(float(heard), UTC)

    async def leave(self, instance: str) -> None:
        """Delete the report of a process that ends on purpose, so that it is not reported as missing."""
        await self._change(delete(gates).where(gates.c.instance == instance))

    async def last_heartbeats(self) -> list[LastHeartbeat]:
        """Every process that has not left, by its place."""
        told = [gates.c[name] for name in GateHeartbeat.__slots__]
        async with self._database.reading() as connection:
            ago = seconds_now(connection) - gates.c.heard_at
            query = select(*told, ago).order_by(*(gates.c[name] for name in _SLOT))
            rows = (await connection.execute(query)).all()
        named = [(dict(zip(GateHeartbeat.__slots__, told, strict=True)), ago) for *told, ago in rows]
        return [LastHeartbeat(GateHeartbeat(**told), timedelta(seconds=float(ago))) for told, ago in named]

    async def forget(self, age: timedelta) -> int:
        """Delete the processes that have not reported for this time. Returns how many."""
        async with self._database.writing() as connection:
            old = gates.c.heard_at < seconds_now(connection) - age.total_seconds()
            return (await connection.execute(delete(gates).where(old))).rowcount


_KEPT = 2

_BYTES = 32


class SharedKey(NamedTuple):
    """One secret. ``number`` counts up with each new secret for the same purpose."""

    number: int
    secret: bytes
    made_at: datetime

    def __repr__(self) -> str:
        return f"Key(number={self.number})"


class SharedKeys(Queries):
    """Queries on the secrets with which the gate seals values that it gives out. All gates share them, also after a restart."""

    async def current(self, purpose: str, now: datetime, renew_after: timedelta) -> tuple[SharedKey, ...]:
        """The two newest keys, newest first. One is made if there is none or the newest is older than ``renew_after``; gates
        that do this at the same moment end up with the same keys."""
        async with self._database.writing() as connection:
            found = await _newest(connection, purpose)
            if found and now - found[0].made_at < renew_after:
                return found
            await _make(connection, purpose, found[0].number + 1 if found else 1, now)
            return await _newest(connection, purpose)

    async def known(self, purpose: str) -> tuple[SharedKey, ...]:
        """The keys as ``current`` has last left them, for whoever only looks; empty if there are none."""
        async with self._database.reading() as connection:
            return await _newest(connection, purpose)

    async def drop(self) -> int:
        """Delete every key, so that new ones are made. Returns how many there were."""
        return await self._change(delete(keys))


async def _newest(connection: AsyncConnection, purpose: str) -> tuple[SharedKey, ...]:
    query = select(keys.c.number, keys.c.secret, keys.c.made_at).where(keys.c.purpose == purpose)
    rows = await connection.execute(query.order_by(keys.c.number.desc()).limit(_KEPT))
    return tuple(SharedKey(*row) for row in rows)


async def _make(connection: AsyncConnection, purpose: str, number: int, now: datetime) -> None:
    row = {"purpose": purpose, "number": number, "secret": secrets.token_bytes(_BYTES), "made_at": now}
    await connection.execute(upsert(connection, keys).values(row).on_conflict_do_nothing())
    old = keys.c.number <= number - _KEPT
    await connection.execute(delete(keys).where(keys.c.purpose == purpose, old))
