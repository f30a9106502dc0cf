"""How many each activation newly kept out, so that many small steps are one big one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store.database import Database
from mailgate.store.policies import Activation
from mailgate.store.schema import activations, kept_out


@dataclass(frozen=True, slots=True)
class KeptOut:
    """People, and devices beside them, since not everybody who comes is named."""

    people: int = 0
    devices: int = 0


NOBODY = KeptOut()


async def keep(connection: AsyncConnection, activation: Activation, newly: KeptOut) -> None:
    """Write down whom an activation newly keeps out, in its own transaction: neither is there without the other."""
    row = {"serial": activation.serial, "people": newly.people, "devices": newly.devices}
    await connection.execute(insert(kept_out).values(row))


class KeptOutCounts:
    """Queries on them. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[int, KeptOut]:
        """Of every activation that was counted, by its serial."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(kept_out))).all()
            return {serial: KeptOut(people, devices) for serial, people, devices in rows}

    async def since(self, moment: datetime) -> KeptOut:
        """By all activations from this moment on, added up: who was kept out twice counts twice."""
        sums = (func.coalesce(func.sum(column), 0) for column in (kept_out.c.people, kept_out.c.devices))
        query = select(*sums).join(activations).where(activations.c.at >= moment)
        async with self._database.reading() as connection:
            people, devices = (await connection.execute(query)).one()
            return KeptOut(int(people), int(devices))
