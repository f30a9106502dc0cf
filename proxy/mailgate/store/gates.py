"""Which gates there are on this store: each process says every few seconds that it runs, and by which rules."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from mailgate.store.database import Database
from mailgate.store.leases import seconds_now
from mailgate.store.schema import gates
from mailgate.store.upserts import upsert

_SLOT = ("host", "address", "worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What one process of a gate says of itself. Who starts again at the same place takes the place over."""

    host: str
    address: str
    """Where it serves employees."""
    worker: int
    workers: int
    """How many the gate has."""
    instance: str
    """This process among those that ever had the place."""
    version: str
    """Of Mailgate."""
    policy: str
    number: int
    serial: int
    """The activation that it decides by, with its version and what sightings call it."""
    since: datetime
    """When this process took it up, by its own clock."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The last that was heard of a process."""

    beat: Beat
    ago: timedelta
    """By the database's clock: those of gates may differ."""


class Gates:
    """Queries on gates. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, beat: Beat) -> None:
        """It runs."""
        async with self._database.writing() as connection:
            row = asdict(beat) | {"heard_at": seconds_now(connection)}
            statement = upsert(connection, gates).values(**row)
            news = {name: value for name, value in row.items() if name not in _SLOT}
            await connection.execute(statement.on_conflict_do_update(index_elements=_SLOT, set_=news))

    async def leave(self, instance: str) -> None:
        """It ends on purpose: nobody has to wonder where it is."""
        async with self._database.writing() as connection:
            await connection.execute(delete(gates).where(gates.c.instance == instance))

    async def heard(self) -> list[Heard]:
        """Every process that has not left, by its place."""
        told = [gates.c[name] for name in Beat.__slots__]
        async with self._database.reading() as connection:
            ago = seconds_now(connection) - gates.c.heard_at
            query = select(*told, ago).order_by(*(gates.c[name] for name in _SLOT))
            rows = (await connection.execute(query)).all()
        return [
            Heard(
                Beat(**dict(zip(Beat.__slots__, each[:-1], strict=True))), timedelta(seconds=float(each[-1]))
            )
            for each in rows
        ]

    async def forget(self, age: timedelta) -> int:
        """Delete those of which nothing was heard for so long. Returns how many."""
        async with self._database.writing() as connection:
            old = gates.c.heard_at < seconds_now(connection) - age.total_seconds()
            return (await connection.execute(delete(gates).where(old))).rowcount
