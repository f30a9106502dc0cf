"""The gates on this store. Each process of a gate reports every few seconds, with the version of its rules."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select

from mailgate.store.bulk_rows import upsert
from mailgate.store.clock import seconds_now
from mailgate.store.database import Queries
from mailgate.store.schema import gates

_SLOT = ("host", "address", "worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateHeartbeat:
    """The report of one process of a gate. A process that starts again at the same place replaces the earlier one."""

    host: str
    address: str
    """The address at which it serves employees."""
    worker: int
    workers: int
    """How many workers the gate has."""
    instance: str
    """The id of this process, which differs from those of earlier processes at the same place."""
    version: str
    """The version of Mailgate."""
    policy: str
    number: int
    serial: int
    """The activation that the process decides by. ``version`` and ``policy`` belong to it."""
    since: datetime
    """When this process put the activation in force, by its own clock."""


@dataclass(frozen=True, slots=True)
class LastHeartbeat:
    """The last report of a process."""

    heartbeat: GateHeartbeat
    ago: timedelta
    """The time since the report by the database's clock, since the clocks of gates may differ."""


class Gates(Queries):
    """Queries on gates."""

    async def note(self, heartbeat: GateHeartbeat) -> datetime | None:
        """Store the report of a process that runs. Returns the time by the database's clock; None if that is only the clock
        of the process itself, as in SQLite."""
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
