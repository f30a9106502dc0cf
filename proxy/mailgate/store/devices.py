"""Queries on devices, and the actions of admins on a device."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, literal, select, union, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.device import Device, Report, typed_id
from mailgate.devices.matching import DeviceSet
from mailgate.devices.names import EAS, FORMER, MDM, STRONG, USER, forms_of, user_text
from mailgate.store.audit import Act, append
from mailgate.store.bulk_rows import count_change, put_rows
from mailgate.store.database import Database
from mailgate.store.device_loading import DeviceLookup, around, load, summaries
from mailgate.store.ingest import IngestResult, store_reports
from mailgate.store.kept_out import UNCOUNTED, Counted
from mailgate.store.schema import (
    HAS_PERSON,
    clients,
    device_changes,
    device_findings,
    device_names,
    devices,
    first_refusals,
    forgotten_devices,
    looks,
    plan_movers,
    quarantine_mails,
    reports,
    sightings,
)
from mailgate.store.spool import Spool, forget_lines, words_of

_PAGE = 500
_BATCH = 1000
"""How many reports one transaction takes: enough for few commits, and few enough for other writers to wait."""
TOMBSTONE_LIFETIME = timedelta(days=1)
"""How long the ids of forgotten devices are kept. Gates need them only for a few seconds."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes to devices since an earlier change. They are complete up to the change ``number``."""

    number: int
    changed: tuple[tuple[int, str], ...] = ()
    """The keys and ids of devices that are new or different."""
    forgotten: tuple[str, ...] = ()
    more: bool = False
    """Whether there are more changes than were asked for."""


class Devices(DeviceLookup):
    """Queries on devices. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database, spools: Sequence[Spool] = ()) -> None:
        """``spools`` are the files in which lines about devices may wait on disk."""
        super().__init__(database)
        self._spools = spools

    async def ingest(self, records: Sequence[Report], now: datetime) -> IngestResult:
        """Store the reports of a source in transactions of a thousand. If one fails, the earlier ones stay."""
        taken = IngestResult()
        for start in range(0, len(records), _BATCH):
            news = [report.received(now) for report in records[start : start + _BATCH]]
            async with self._database.writing(timeout_seconds=60) as connection:
                taken = taken.plus(await store_reports(connection, news))
        return taken

    async def preview(self, records: Sequence[Report], now: datetime) -> list[tuple[list[Device], Device]]:
        """What storing these reports would make of each device that they are about: the devices that it was, which are several if
        they turn out to be one, and what it would be. Nothing is stored."""
        news = [report.received(now) for report in records]
        async with self._database.reading(timeout_seconds=60) as connection:
            before = await around(connection, news)
        after = DeviceSet(before, now)
        for report in news:
            after.add(report)
        was = {device.id: device for device in before}
        return [
            ([was[each] for each in (device.id, *device.former_ids) if each in was], device)
            for device in after
        ]

    async def get(self, source: str, device_id: str) -> Device | None:
        slot = (reports.c.source == source, reports.c.id == device_id)
        return next(iter(await self._all(select(reports.c.device).where(*slot))), None)

    async def around(self, report: Report) -> list[Device]:
        """Every device that this report may be about, by more than one query only if several devices claim one name."""
        found = await self.found_at_once(report)
        if not any(each.about for device in found for each in device.findings):
            return found
        async with self._database.reading() as connection:
            return await around(connection, [report])

    async def called(self, name: str) -> list[Device]:
        """Every device with this id, with this id at a source, or with this as any other name."""
        return await self._all(called(name)) if "\0" not in name else []  # PostgreSQL refuses to compare it

    async def of_ids(self, ids: Iterable[str]) -> dict[str, Device]:
        found = await self._all(select(devices.c.key).where(devices.c.id.in_(set(ids))))
        return {device.id: device for device in found}

    async def page(self, after: str = "", size: int = _PAGE) -> list[Device]:
        """Devices in the order of their ids, after ``after``."""
        query = select(devices.c.key).where(devices.c.id > after).order_by(devices.c.id).limit(size)
        found = await self._all(query, timeout_seconds=30)
        return sorted(found, key=lambda device: device.id)

    async def every(self) -> AsyncIterator[Device]:
        """All devices in the order of their ids, read page by page."""
        after = ""
        while page := await self.page(after):
            for device in page:
                yield device
            after = page[-1].id

    async def summaries(self, after: str, size: int) -> list[Device]:
        """Like ``page``, but only with the data that decisions need and without most names (``device_loading.py``)."""
        async with self._database.reading(timeout_seconds=60) as connection:
            return await summaries(connection, after, size)

    async def count(self) -> int:
        return await self._value(select(func.count()).select_from(devices), timeout_seconds=30) or 0

    async def splits(self, parts: int) -> list[str]:
        """The ids after which the second, third and further parts begin if all devices are divided into ``parts`` equal parts."""
        count = await self.count()
        query = select(devices.c.id).order_by(devices.c.id).limit(1)
        places = sorted({count * part // parts for part in range(1, parts)} - {0, count})
        async with self._database.reading(timeout_seconds=60) as connection:
            return [(await connection.execute(query.offset(place - 1))).scalar_one() for place in places]

    async def load(self, numbers: Iterable[int]) -> list[Device]:
        async with self._database.reading() as connection:
            return await load(connection, numbers)

    async def last_change(self) -> int:
        return int(await self._value(select(device_changes.c.number)))

    async def changes(self, after: int, size: int = _PAGE) -> Changes:
        """The changes after the change ``after``, the oldest first, of at least ``size`` devices if there are so many."""
        async with self._database.reading() as connection:
            last = int((await connection.execute(select(device_changes.c.number))).scalar_one())
            if last == after:
                return Changes(last)
            return await _changes(connection, after, last, size)

    async def found_by(self, numbers: Sequence[int]) -> list[tuple[int, str, str]]:
        """The names, sources' ids and owners by which the devices with these keys are found, as key, kind and text."""
        names = select(device_names.c.device, device_names.c.kind, device_names.c.name)
        ids = select(reports.c.device, literal(MDM), reports.c.id)
        persons = select(reports.c.device, literal(USER), reports.c.person)
        query = union_all(
            names.where(device_names.c.device.in_(numbers)),
            ids.where(reports.c.device.in_(numbers)),
            persons.where(reports.c.device.in_(numbers), reports.c.person != ""),
        )
        return [(device, kind, text) for device, kind, text in await self._rows(query)]

    async def mark_lost(
        self,
        device_id: str,
        at: datetime | None,
        act: Act | None = None,
        counted: Counted = UNCOUNTED,
        *,
        since: datetime | None = None,
    ) -> bool:
        """Mark a device as lost since ``at``, unless it is already, or as found if that is None. Returns False if there is no
        such device, or with ``since`` if it is not lost since exactly that moment: taking back one report of a loss ends no
        other. ``act`` is written in the same transaction, with how many it keeps out. Raises CountedMeanwhileError."""
        which = devices.c.id == device_id
        if since is not None:
            which &= devices.c.lost_at == since
        async with self._database.writing() as connection:
            change = await count_change(connection)
            when = func.coalesce(devices.c.lost_at, at) if at else None
            marked = update(devices).where(which).values(lost_at=when, changed=change)
            known = (await connection.execute(marked)).rowcount > 0
            if known and act:
                await counted.append(connection, act)
            return known

    async def forget(self, device_id: str, now: datetime, act: Act | None = None) -> bool:
        """Delete a device and everything that is stored about it, with the entry of ``act``. Returns False if there is no such device."""
        for known in await self._all(select(devices.c.key).where(devices.c.id == device_id)):
            await forget_lines(self._spools, words_of(known))
        async with self._database.writing(timeout_seconds=60) as connection:
            change = await count_change(connection)
            key = (await connection.execute(select(devices.c.key).where(devices.c.id == device_id))).scalar()
            if key is None:
                return False
            (device,) = await load(connection, [key])
            await _forget(connection, device, change, now)
            if act:
                await append(connection, act)
        await self._database.wipe()
        return True

    async def counted_findings(self) -> dict[str, int]:
        """The number of contradictions by reason code."""
        counted = select(device_findings.c.reason, func.count()).group_by(device_findings.c.reason)
        return {str(reason): int(count) for reason, count in await self._rows(counted)}

    async def prune(self, now: datetime, before: datetime, size: int = _PAGE) -> int:
        """Delete up to ``size`` devices that no source has reported since ``before``, except lost ones. Returns how many."""
        return await self._prune(devices.c.lost_at.is_(None), now, before, size)

    async def prune_lost(self, now: datetime, before: datetime, size: int = _PAGE) -> int:
        """Delete up to ``size`` lost devices, neither reported nor marked as lost since ``before``. Returns how many."""
        return await self._prune(devices.c.lost_at < before, now, before, size)

    async def _prune(self, which: ColumnElement[bool], now: datetime, before: datetime, size: int) -> int:
        old = select(devices.c.key).where(devices.c.last_seen < before, which).limit(size)
        deleted = delete(devices).where(devices.c.key.in_(old)).returning(devices.c.id)
        async with self._database.writing() as connection:
            change = await count_change(connection)
            gone = (await connection.execute(deleted)).scalars().all()
            await _let_go(connection, gone, change, now)
            return len(gone)

    async def _all(self, query: Any, timeout_seconds: float = 2.0) -> list[Device]:
        async with self._database.reading(timeout_seconds) as connection:
            return await load(connection, (await connection.execute(query)).scalars())


def reported_for(person: str) -> Any:
    """The condition that a report is of this person, with that of the partial index, which SQLite would not use otherwise."""
    return and_(HAS_PERSON, reports.c.person == person)


def called(*texts: str) -> Any:
    """The keys of the devices that have one of these names, in any form in which it may be written."""
    own = [typed_id(text) for text in texts]
    forms = {kind: {form for text in texts for form in forms_of(kind, text)} for kind in STRONG}
    named = [
        select(device_names.c.device).where(device_names.c.kind == kind, device_names.c.name.in_(names))
        for kind, names in {**forms, FORMER: own}.items()
    ]
    reported = [reports.c.id.in_(texts)]
    reported += [reported_for(person) for person in dict.fromkeys(map(user_text, texts)) if person]
    return union(
        select(devices.c.key).where(devices.c.id.in_(own)),
        *(select(reports.c.device).where(each) for each in reported),
        *named,
    )


async def _changes(connection: AsyncConnection, after: int, last: int, size: int) -> Changes:
    columns = (devices.c.key, devices.c.id, devices.c.changed)
    newer = select(*columns).where(devices.c.changed > after).order_by(devices.c.changed)
    found = (await connection.execute(newer.limit(size))).all()
    more = len(found) == size
    if more:  # the page may end within a change, and only whole changes are returned
        cut = found[-1].changed
        last = cut - 1
        if found[0].changed == cut:
            last = cut
            found = (await connection.execute(select(*columns).where(devices.c.changed == cut))).all()
    gone = select(forgotten_devices.c.id).where(
        forgotten_devices.c.changed > after, forgotten_devices.c.changed <= last
    )
    changed = tuple((each.key, each.id) for each in found if each.changed <= last)
    return Changes(last, changed, tuple((await connection.execute(gone)).scalars()), more)


async def _forget(connection: AsyncConnection, device: Device, change: int, now: datetime) -> None:
    ids = [device.id, *sorted(device.former_ids)]
    eas_ids = [text for kind, text in device.names if kind == EAS]
    await _forget_sightings(connection, ids, eas_ids)
    await connection.execute(delete(quarantine_mails).where(quarantine_mails.c.device.in_([*ids, *eas_ids])))
    await connection.execute(delete(first_refusals).where(first_refusals.c.device.in_(ids)))
    await connection.execute(delete(plan_movers).where(plan_movers.c.device.in_([*ids, *eas_ids])))
    nameless = looks.c.device.in_(words_of(device)), looks.c.person == ""
    await connection.execute(delete(looks).where(*nameless))
    await connection.execute(delete(devices).where(devices.c.key == device.number))
    await _let_go(connection, ids, change, now)


async def _let_go(connection: AsyncConnection, ids: Sequence[str], change: int, now: datetime) -> None:
    rows = [{"id": each, "changed": change, "at": now} for each in ids]
    await put_rows(connection, forgotten_devices, rows)


async def _forget_sightings(connection: AsyncConnection, ids: Sequence[str], eas_ids: Sequence[str]) -> None:
    """Delete the sightings of the device, and those of its ActiveSync ids from before it was known."""
    by_eas, seen = select(clients.c.id).where(clients.c.eas_id.in_(eas_ids)), select(sightings.c.id)
    # each query has an index; with OR between them PostgreSQL would read the whole table
    theirs = union(seen.where(sightings.c.device.in_(ids)), seen.where(sightings.c.client.in_(by_eas)))
    await delete_sightings(connection, sightings.c.id.in_(theirs))


async def delete_sightings(connection: AsyncConnection, gone: ColumnElement[bool]) -> None:
    """Delete these sightings, and the clients that only they had."""
    used = set((await connection.execute(select(sightings.c.client).where(gone).distinct())).scalars())
    await connection.execute(delete(sightings).where(gone))
    left = select(sightings.c.client).where(sightings.c.client == clients.c.id)
    for client in used:
        await connection.execute(delete(clients).where(clients.c.id == client, ~left.exists()))
