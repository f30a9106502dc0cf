"""The number of people and devices that each activation newly kept out, so that many small steps add up to a big
one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store.audit import audit_time
from mailgate.store.database import Database
from mailgate.store.hash_chain import read_details
from mailgate.store.policies import Activation
from mailgate.store.schema import audit, kept_out


@dataclass(frozen=True, slots=True)
class KeptOut:
    """The number of people, and of devices without a known person."""

    people: int = 0
    devices: int = 0


NOBODY = KeptOut()


async def keep(connection: AsyncConnection, activation: Activation, newly: KeptOut) -> None:
    """Store how many an activation newly keeps out, in its transaction."""
    row = {"serial": activation.serial, "people": newly.people, "devices": newly.devices}
    await connection.execute(insert(kept_out).values(row))


class KeptOutCounts:
    """Queries on these numbers. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[int, KeptOut]:
        """The numbers of every activation that was counted, by its serial."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(kept_out))).all()
            return {serial: KeptOut(people, devices) for serial, people, devices in rows}

    async def since(self, moment: datetime) -> KeptOut:
        """The sum over all activations from this moment on. A person who was kept out twice counts twice.

        Times and numbers come from the audit log, where an edit would be found.
        """
        told = await self._audit_details(moment, audit.c.details.contains('"kept_out": '))
        return _sum(KeptOut(**each["kept_out"]) for each in told if "kept_out" in each)

    async def forgotten(self, moment: datetime) -> KeptOut:
        """How many people and devices were forgotten from this moment on, at most. The audit log says so."""
        people = await self._audit_details(moment, audit.c.what == "person-forgotten")
        devices = await self._audit_details(moment, audit.c.what == "device-forgotten")
        counts = [KeptOut(each["people"], each["devices"]) for each in people]
        # the owner of each device may have been forgotten with it
        return _sum([*counts, KeptOut(len(devices), len(devices))])

    async def _audit_details(self, moment: datetime, *which: ColumnElement[bool]) -> list[dict[str, Any]]:
        query = select(audit.c.details).where(audit.c.at >= audit_time(moment), *which)
        async with self._database.reading() as connection:
            return [read_details(each) for each in (await connection.execute(query)).scalars()]


def _sum(counts: Iterable[KeptOut]) -> KeptOut:
    every = [*counts]
    return KeptOut(sum(each.people for each in every), sum(each.devices for each in every))
