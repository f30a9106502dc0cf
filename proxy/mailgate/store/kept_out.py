"""The number of people and devices that each activation and other act newly kept out, so that many small steps add up to a big
one."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store import gates
from mailgate.store.audit import Act, append, audit_time
from mailgate.store.database import Queries
from mailgate.store.errors import StoreError
from mailgate.store.hash_chain import DAMAGED, VERIFY, read_details
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
    transaction included: two changes at once could pass a limit together. The audit log has to be locked. Without a moment,
    nothing is checked."""
    if (
        since is not None
        and await _kept_out(connection, since) + await _forgotten(connection, since) != counted
    ):
        raise CountedMeanwhileError


@dataclass(frozen=True, slots=True)
class Counted:
    """How many an act newly keeps out, and the counts that it goes by."""

    newly: KeptOut = NOBODY
    since: datetime | None = None
    """From when on the others count; None if nothing is to be checked."""
    before: KeptOut = NOBODY
    by_hand: bool = False
    """Whether the act is about single devices, which have a limit of their own too."""

    async def append(self, connection: AsyncConnection, act: Act) -> None:
        """Write an act with these numbers, by which the guard counts it, in the transaction of its change. Raises as ``check`` does."""
        told: dict[str, Any] = {"kept_out": asdict(self.newly)} | ({"by_hand": True} if self.by_hand else {})
        details = {**act.details, **(told if self.newly != NOBODY else {})}
        await append(connection, replace(act, details=details))
        await check(connection, self.since, self.before + self.newly)


UNCOUNTED = Counted()


async def keep(
    connection: AsyncConnection,
    activation: Activation,
    counted: Counted,
) -> None:
    """Store how many an activation newly keeps out, in its transaction, and ``check`` the counts that it goes by."""
    await check(connection, counted.since, counted.before + counted.newly)
    row = {"serial": activation.serial, **asdict(counted.newly)}
    await connection.execute(insert(kept_out).values(row))


class KeptOutCounts(Queries):
    async def all(self) -> dict[int, KeptOut]:
        """The numbers of every activation that was counted, by its serial."""
        rows = await self._rows(select(kept_out))
        return {serial: KeptOut(people, devices) for serial, people, devices in rows}

    async def begin(self, now: datetime, window: timedelta) -> datetime:
        """Since when changes count within this time, by the clock that stamps the log: no other one leaves any out."""
        async with self._database.reading() as connection:
            return await gates.shared_now(connection, now) - window

    async def since(self, moment: datetime) -> KeptOut:
        """The sum over all acts from this moment on, by the audit log, where an edit would be found. A person kept out twice
        counts twice."""
        async with self._database.reading() as connection:
            return await _kept_out(connection, moment)

    async def by_hand(self, moment: datetime) -> KeptOut:
        """The part of that sum which acts on single devices make."""
        async with self._database.reading() as connection:
            return await _kept_out(connection, moment, audit.c.details.contains('"by_hand": true'))

    async def note(self, act: Act, counted: Counted) -> None:
        """Write an act that newly keeps people out before it is done. Raises CountedMeanwhileError."""
        async with self._database.writing() as connection:
            await counted.append(connection, act)

    async def forgotten(self, moment: datetime) -> KeptOut:
        """How many people and devices were forgotten from this moment on, at most. The audit log says so."""
        async with self._database.reading() as connection:
            return await _forgotten(connection, moment)


async def _kept_out(connection: AsyncConnection, moment: datetime, *which: ColumnElement[bool]) -> KeptOut:
    told = await _details(connection, moment, audit.c.details.contains('"kept_out": '), *which)
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
    match told:
        case {"people": int(people), "devices": int(devices)}:
            return KeptOut(people, devices)
    raise StoreError(DAMAGED, by_command=VERIFY)


def _sum(counts: Iterable[KeptOut]) -> KeptOut:
    return sum(counts, NOBODY)
