"""How many each activation newly kept out, so that many small steps are one big one."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store.audit import told_at
from mailgate.store.database import Database
from mailgate.store.policies import Activation
from mailgate.store.schema import audit, kept_out


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
        """By all activations from this moment on, added up: who was kept out twice counts twice.

        When and how many is what the audit log says, in which no edit goes unseen.
        """
        query = select(audit.c.details).where(
            audit.c.at >= told_at(moment), audit.c.details.contains('"kept_out": ')
        )
        async with self._database.reading() as connection:
            told = [json.loads(each) for each in (await connection.execute(query)).scalars()]
        counts = [each["kept_out"] for each in told if "kept_out" in each]
        return KeptOut(sum(each["people"] for each in counts), sum(each["devices"] for each in counts))
