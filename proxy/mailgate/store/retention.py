"""Deletes data after its retention time. All data about people has one."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.device import DATED, Device, ReportKey
from mailgate.devices.matching import DeviceSet
from mailgate.model.times import AHEAD, LONG_AGO
from mailgate.policy.reliefs import MAX_ONCE_PER, Cause
from mailgate.store import gates
from mailgate.store.bulk_rows import count_change
from mailgate.store.counts import outdated
from mailgate.store.database import Database, Queries
from mailgate.store.device_loading import around, load
from mailgate.store.devices import TOMBSTONE_LIFETIME, Devices
from mailgate.store.enrolments import Enrolments
from mailgate.store.gates import latest_now, time_now
from mailgate.store.ingest import write_changes
from mailgate.store.looks import Looks
from mailgate.store.schema import devices, forgotten_devices, policy_versions, reliefs, reports

_PAGE = 500


@dataclass(frozen=True, slots=True)
class RetentionTimes:
    """The retention times of data about people, from when it was last seen."""

    sightings: timedelta
    """The time for decisions, plans, sent mails and languages."""
    devices: timedelta
    """The time for devices, and for a source's report about a device that other sources still report."""
    lost_devices: timedelta
    """The time for lost devices, which also counts from the report of the loss, so that they stay shut out for it."""
    looks: timedelta = timedelta(days=90)
    """The time for who looked at whom."""

    def end_of(self, device: Device) -> datetime:
        """When this device is deleted unless it is reported again."""
        if device.lost_at is None:
            return device.last_seen + self.devices
        return max(device.last_seen, device.lost_at) + self.lost_devices


Prune = Callable[[datetime, int], Awaitable[int]]
"""Deletes up to about so many records from before a moment. Returns how many."""


class Retention(Queries):
    """Deletes old data. Every method may raise ``StoreUnavailableError``."""

    def __init__(
        self,
        database: Database,
        devices: Devices,
        enrolments: Enrolments,
        records: Sequence[Prune],
    ) -> None:
        """``records`` delete what is kept as long as sightings, with the sightings first."""
        super().__init__(database)
        self._devices = devices
        self._enrolments = enrolments
        self._looks = Looks(database)
        self._records = records

    async def prune(self, now: datetime, keep: RetentionTimes, page: int = _PAGE) -> int:
        """Delete data that is older than ``keep`` allows, also by the database's clock, ``page`` rows at once. Returns how many."""
        await self._undate_looks_ahead(now)
        async with self._database.reading(timeout_seconds=60) as connection:
            now = await gates.earliest_now(connection, now)
        gone = 0
        steps: list[tuple[Prune, timedelta]] = [
            *((each, keep.sightings) for each in self._records),
            (partial(self._devices.prune, now), keep.devices),
            (self._enrolments.prune, keep.devices),
            (partial(self._devices.prune_lost, now), keep.lost_devices),
            (self._looks.prune, keep.looks),
            (self._prune_let_ins, MAX_ONCE_PER),
            (self._prune_reports, keep.devices),
            (self._prune_forgotten, TOMBSTONE_LIFETIME),
        ]
        for delete_some, age in steps:
            while deleted := await delete_some(now - age, page):
                gone += deleted
        gone += await self._prune_policies()
        gone += sum([await self._change(each) for each in outdated(now)])
        await self._database.wipe()
        return gone

    async def _prune_let_ins(self, before: datetime, _size: int) -> int:
        those = reliefs.c.cause == Cause.SELF_SERVICE
        return await self._change(delete(reliefs).where(those, reliefs.c.at < before))

    async def _undate_looks_ahead(self, now: datetime) -> None:
        """Take the time from looks, verdicts and denials that are ahead: they would count as fresh once that time has come."""
        async with self._database.reading(timeout_seconds=60) as connection:
            limit = await latest_now(connection, now) + AHEAD
            ahead = {name: reports.c[name] > limit for name in DATED}
            if (
                await connection.execute(select(reports.c.id).where(or_(*ahead.values())).limit(1))
            ).first() is None:
                return
        async with self._database.writing(timeout_seconds=60) as connection:
            change = await count_change(connection)
            theirs = devices.c.key.in_(select(reports.c.device).where(or_(*ahead.values())))
            await connection.execute(update(devices).where(theirs).values(changed=change))
            for name, is_ahead in ahead.items():
                await connection.execute(update(reports).where(is_ahead).values({name: LONG_AGO}))

    async def _prune_reports(self, before: datetime, size: int) -> int:
        """Delete a source's old reports about devices that others still report, which are matched again."""
        old = (
            select(reports.c.source, reports.c.id, reports.c.device)
            .join(devices)
            .where(reports.c.last_seen < before, devices.c.last_seen >= before)
            .limit(size)
        )
        async with self._database.writing(timeout_seconds=60) as connection:
            found = {(source, name): number for source, name, number in await connection.execute(old)}
            if found:
                await _remove_reports(connection, found)
            return len(found)

    async def _prune_policies(self) -> int:
        """Delete what is stored of the policies of a source that has no device any more."""
        sources = select(reports.c.source)
        return await self._change(delete(policy_versions).where(policy_versions.c.source.not_in(sources)))

    async def _prune_forgotten(self, before: datetime, _size: int) -> int:
        old = delete(forgotten_devices).where(forgotten_devices.c.at < before)
        return await self._change(old)


async def _remove_reports(connection: AsyncConnection, found: dict[ReportKey, int]) -> None:
    change = await count_change(connection)
    homes = await load(connection, found.values())
    old = [report for device in homes for report in device.reports if report.key in found]
    before = await around(connection, old)
    device_set = DeviceSet(before, await time_now(connection))
    for report in old:
        device_set.remove(report)
    await write_changes(connection, before, list(device_set), change)
    slots = [and_(reports.c.source == source, reports.c.id == name) for source, name in found]
    await connection.execute(delete(reports).where(or_(*slots)))
