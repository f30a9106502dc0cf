"""How many people and devices each activation and other act newly kept out, so that many small steps add up to a big one."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store import gates
from mailgate.store.audit import Act, append, audit_time
from mailgate.store.database import Queries
from mailgate.store.errors import StoreError
from mailgate.store.hash_chain import DAMAGED, VERIFY, read_details
from mailgate.store.policies import Activation, OvertakenError
from mailgate.store.schema import audit


@dataclass(frozen=True, slots=True)
class KeptOut:
    """The number of people, and of devices, whosever they are. An act on a single device or key counts for one of each."""

    people: int = 0
    devices: int = 0

    def __add__(self, other: "KeptOut") -> "KeptOut":
        return KeptOut(self.people + other.people, self.devices + other.devices)


NOBODY = KeptOut()


class CountedMeanwhileError(OvertakenError):
    """Others were newly kept out or forgotten since the counts that a change goes by were read."""


async def check(connection: AsyncConnection, since: datetime | None, counted: KeptOut) -> None:
    """Raises CountedMeanwhileError unless, this change included, this many were newly kept out or forgotten since then: two changes at
    once could pass a limit together. The audit log has to be locked. Without a moment nothing is checked."""
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


async def go_by(connection: AsyncConnection, _activation: Activation, counted: Counted) -> None:
    """``check`` the counts that an activation goes by, in its transaction. Its entry in the log has the numbers."""
    await check(connection, counted.since, counted.before + counted.newly)


@dataclass(frozen=True, slots=True)
class WindowTotals:
    """What happened within the guard's window and counts together with the new change."""

    kept_out: KeptOut = NOBODY
    """How many were newly kept out by earlier changes. A person kept out twice counts twice."""
    forgotten: KeptOut = NOBODY
    """How many people and devices were forgotten, at most. A plan no longer finds them, so it may keep out each of them."""
    since: datetime | None = None
    """Since when they are counted; None if nothing is."""
    by_hand: KeptOut = NOBODY
    """The part of ``kept_out`` that is by acts on single devices."""

    def counted(self, newly: KeptOut, *, by_hand: bool = False) -> Counted:
        """An act that goes by these totals and newly keeps out this many."""
        return Counted(newly, self.since, self.kept_out + self.forgotten, by_hand)


EMPTY_WINDOW = WindowTotals()


class KeptOutCounts(Queries):
    """Counts by the audit log, where an edit would be found."""

    async def begin(self, now: datetime, window: timedelta) -> datetime:
        """Since when changes count within this time, by the clock that stamps the log: no other one leaves any out."""
        async with self._database.reading() as connection:
            return await gates.shared_now(connection, now) - window

    async def since(self, moment: datetime) -> WindowTotals:
        """The totals of all acts from this moment on."""
        by_hand = audit.c.details.contains('"by_hand": true')
        async with self._database.reading() as connection:
            return WindowTotals(
                await _kept_out(connection, moment),
                await _forgotten(connection, moment),
                moment,
                await _kept_out(connection, moment, by_hand),
            )

    async def note(self, act: Act, counted: Counted) -> None:
        """Write an act that newly keeps people out before it is done. Raises CountedMeanwhileError."""
        async with self._database.writing() as connection:
            await counted.append(connection, act)


async def _kept_out(connection: AsyncConnection, moment: datetime, *which: ColumnElement[bool]) -> KeptOut:
    told = await _details(connection, moment, audit.c.details.contains('"kept_out": '), *which)
    return sum((_read(each["kept_out"]) for each in told if "kept_out" in each), NOBODY)


async def _forgotten(connection: AsyncConnection, moment: datetime) -> KeptOut:
    people = await _details(connection, moment, audit.c.what == "person-forgotten")
    devices = await _details(connection, moment, audit.c.what == "device-forgotten")
    # the owner of each device may have been forgotten with it
    return sum(map(_read, people), KeptOut(len(devices), len(devices)))


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
