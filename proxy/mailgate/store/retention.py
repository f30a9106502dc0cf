"""Deletes data after its retention time. All data about people has one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, Table, and_, delete, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.device import DATED, Device, ReportKey
from mailgate.devices.matching import DeviceSet
from mailgate.model.times import AHEAD, LONG_AGO
from mailgate.policy.reliefs import MAX_ONCE_PER, Cause
from mailgate.store import gates
from mailgate.store.bulk_rows import count_change
from mailgate.store.counts import KEPT, KEPT_FOR
from mailgate.store.database import Database, Queries
from mailgate.store.device_loading import around, load
from mailgate.store.devices import TOMBSTONE_LIFETIME, Devices
from mailgate.store.enrolments import Enrolments
from mailgate.store.gates import latest_now, time_now
from mailgate.store.ingest import write_changes
from mailgate.store.schema import (
    app_counts,
    clients,
    devices,
    drafts,
    first_refusals,
    forgotten_devices,
    help_references,
    help_requests,
    languages,
    laptop_readers,
    looks,
    mails,
    plans,
    policies,
    policy_versions,
    quarantine_mails,
    refused_days,
    reliefs,
    reports,
    sightings,
    verdict_counts,
)

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


def _old_rows(now: datetime, keep: RetentionTimes) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """The tables with the condition for their old rows. No sighting is younger than its client, so sightings come first."""
    before, day = now - keep.sightings, now.astimezone(UTC).date() - KEPT
    led_to = and_(help_references.c.sighting == sightings.c.id, help_references.c.at >= before)
    asked = select(help_references.c.at).where(led_to).exists()  # then it is kept as long as the request
    yield sightings, and_(sightings.c.last_at < before, ~asked)
    used = select(sightings.c.id).where(sightings.c.client == clients.c.id).exists()
    yield clients, and_(clients.c.last_at < before, ~used)
    yield quarantine_mails, quarantine_mails.c.written_at < before
    yield plans, plans.c.made_at < before
    in_force = select(policies.c.digest).where(policies.c.digest == drafts.c.digest).exists()
    yield drafts, and_(drafts.c.made_at < before, ~in_force)
    yield mails, mails.c.changed_at < before  # those that wait or are unsure are too late by then
    yield languages, languages.c.day < before.date()
    let_in = reliefs.c.cause == Cause.SELF_SERVICE
    yield reliefs, and_(or_(reliefs.c.ended_at < before, reliefs.c.until < before), ~let_in)
    yield reliefs, and_(reliefs.c.at < now - MAX_ONCE_PER, let_in)
    yield help_requests, help_requests.c.last_at < before
    yield help_references, help_references.c.at < before
    yield first_refusals, first_refusals.c.hour < before
    yield laptop_readers, laptop_readers.c.seen_at < before
    yield looks, looks.c.at < now - keep.looks
    yield forgotten_devices, forgotten_devices.c.at < now - TOMBSTONE_LIFETIME
    # what is stored of the policies of a source that has no device any more
    yield policy_versions, policy_versions.c.source.not_in(select(reports.c.source))
    yield app_counts, app_counts.c.day < day
    yield refused_days, refused_days.c.day < day
    for span, kept in KEPT_FOR.items():
        yield verdict_counts, and_(verdict_counts.c.span == span, verdict_counts.c.at < now - kept)


class Retention(Queries):
    """Deletes old data. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database, devices: Devices, enrolments: Enrolments) -> None:
        super().__init__(database)
        self._devices = devices
        self._enrolments = enrolments

    async def prune(self, now: datetime, keep: RetentionTimes, page: int = _PAGE) -> int:
        """Delete data that is older than ``keep`` allows, also by the database's clock, ``page`` rows at once. Returns how many."""
        await self._undate_looks_ahead(now)
        async with self._database.reading(timeout_seconds=60) as connection:
            now = await gates.earliest_now(connection, now)
        gone = await self._enrolments.prune(now - keep.devices)
        steps = (
            partial(self._devices.prune, now, now - keep.devices, page),
            partial(self._devices.prune_lost, now, now - keep.lost_devices, page),
            partial(self._prune_reports, now - keep.devices, page),
            *(partial(self._delete, *old, page) for old in _old_rows(now, keep)),
        )
        for delete_some in steps:
            while deleted := await delete_some():
                gone += deleted
        for column in (laptop_readers.c.named_at, laptop_readers.c.bare_at):
            old_time = update(laptop_readers).where(column < now - keep.sightings)
            await self._change(old_time.values({column: None}))
        await self._database.wipe()
        return gone

    async def _delete(self, table: Table, old: ColumnElement[bool], size: int) -> int:
        key = tuple_(*table.primary_key.columns)
        some = select(*table.primary_key.columns).where(old).limit(size)
        return await self._change(delete(table).where(key.in_(some)))

    async def _undate_looks_ahead(self, now: datetime) -> None:
        """Take the time from looks, verdicts, denials and first reports that are ahead: they would count as fresh once that time has come."""
        async with self._database.reading(timeout_seconds=60) as connection:
            limit = await latest_now(connection, now) + AHEAD
            ahead = {name: reports.c[name] > limit for name in DATED}
            seen_ahead = devices.c.first_seen > limit
            theirs = or_(seen_ahead, devices.c.key.in_(select(reports.c.device).where(or_(*ahead.values()))))
            if await connection.scalar(select(devices.c.key).where(theirs).limit(1)) is None:
                return
        async with self._database.writing(timeout_seconds=60) as connection:
            change = await count_change(connection)
            await connection.execute(update(devices).where(theirs).values(changed=change))
            await connection.execute(update(devices).where(seen_ahead).values(first_seen=LONG_AGO))
            for name, is_ahead in ahead.items():
                await connection.execute(update(reports).where(is_ahead).values({name: LONG_AGO}))

    async def _prune_reports(self, before: datetime, size: int) -> int:
        """Delete a source's old reports about devices that others still report, which are matched again."""
        old = select(reports.c.source, reports.c.id, reports.c.device).join(devices).limit(size)
        old = old.where(reports.c.last_seen < before, devices.c.last_seen >= before)
        async with self._database.writing(timeout_seconds=60) as connection:
            found = {(source, name): number for source, name, number in await connection.execute(old)}
            if found:
                await _remove_reports(connection, found)
            return len(found)


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
