"""The number of people and devices that each activation newly kept out, so that many small steps add up to a big
one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store import clock
from mailgate.store.audit import audit_time
from mailgate.store.database import Database
from mailgate.store.errors import StoreError
from mailgate.store.hash_chain import DAMAGED, read_details
from mailgate.store.policies import Activation, OvertakenError
from mailgate.store.schema import audit, kept_out


@dataclass(frozen=True, slots=True)
class KeptOut:
    """The number of people, and of devices without a known person."""

    people: int = 0
    devices: int = 0

    def __add__(self, other: "KeptOut") -> "KeptOut":
        return KeptOut(self.people + other.people, self.devices + other.devices)


NOBODY = KeptOut()


class CountedMeanwhileError(OvertakenError):
    """Others were newly kept out or forgotten since the counts that a change goes by were read."""


async def check(connection: AsyncConnection, since: datetime | None, counted: KeptOut) -> None:
    """Raises CountedMeanwhileError unless this many were newly kept out or forgotten from this moment on, the change of this
    transaction included. Two changes at once would otherwise both be within a limit that only one of them is within.

    The audit log has to be locked. Without a moment, nothing is checked.
    """
    if (
        since is not None
        and await _kept_out(connection, since) + await _forgotten(connection, since) != counted
    ):
        raise CountedMeanwhileError


async def keep(
    connection: AsyncConnection,
    activation: Activation,
    newly: KeptOut,
    since: datetime | None = None,
    before: KeptOut = NOBODY,
) -> None:
    """Store how many an activation newly keeps out, in its transaction, and ``check`` that ``before`` it there were as many as it
    goes by."""
    await check(connection, since, before + newly)
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

    async def begin(self, now: datetime, window: timedelta) -> datetime:
        """Since when changes count within this time, by the clock that stamps the log: no other one leaves any out."""
        async with self._database.reading() as connection:
            return await clock.shared_now(connection, now) - window

    async def since(self, moment: datetime) -> KeptOut:
        """The sum over all activations from this moment on. A person who was kept out twice counts twice.

        Times and numbers come from the audit log, where an edit would be found.
        """
        async with self._database.reading() as connection:
            return await _kept_out(connection, moment)

    async def forgotten(self, moment: datetime) -> KeptOut:
        """How many people and devices were forgotten from this moment on, at most. The audit log says so."""
        async with self._database.reading() as connection:
            return await _forgotten(connection, moment)


async def _kept_out(connection: AsyncConnection, moment: datetime) -> KeptOut:
    told = await _details(connection, moment, audit.c.details.contains('"kept_out": '))
    return _sum(_read(each["kept_out"]) for each in told if "kept_out" in each)


async def _forgotten(connection: AsyncConnection, moment: datetime) -> KeptOut:
    people = await _details(connection, moment, audit.c.what == "person-forgotten")
    devices = await _details(connection, moment, audit.c.what == "device-forgotten")
    counts = [_read(each) for each in people]
    # the owner of each device may have been forgotten with it
    return _sum([*counts, KeptOut(len(devices), len(devices))])


async def _details(
    connection: AsyncConnection, moment: datetime, *which: ColumnElement[bool]
) -> list[dict[str, Any]]:
    query = select(audit.c.details).where(audit.c.at >= audit_time(moment), *which)
    return [read_details(each) for each in (await connection.execute(query)).scalars()]


def _read(told: object) -> KeptOut:
    """The counts in an entry. Raises StoreError if they are damaged."""
    match told:
        case {"people": int(people), "devices": int(devices)}:
            return KeptOut(people, devices)
    raise StoreError(DAMAGED)


def _sum(counts: Iterable[KeptOut]) -> KeptOut:
    return sum(counts, NOBODY)
