"""What sources report. New reports are matched in memory, and each batch writes its changes in one transaction. Reports
from verified proofs wait for it in a queue, and each connector has its state beside what it has reported."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.device import DATED, Device, Report, ReportKey
from mailgate.devices.matching import DeviceSet, ReportChange
from mailgate.devices.names import FORMER, Name, user_text
from mailgate.devices.trust import ENROLLED, REPORTER, report_by, source_of
from mailgate.model import AttestationResult, Enrolment, SourceState
from mailgate.policy import AppCatalog
from mailgate.store.bulk_rows import count_change, count_up, delete_rows, insert_rows, put_rows
from mailgate.store.database import Queries, made
from mailgate.store.device_loading import SETS, WORDS, around
from mailgate.store.gates import latest_now
from mailgate.store.schema import (
    connectors,
    device_findings,
    device_names,
    devices,
    policy_versions,
    quarantine_mails,
    relief_changes,
    reliefs,
    reports,
    sightings,
)
from mailgate.store.schema import enrolled_keys as keys
from mailgate.store.write_queue import WriteQueue

SEEN_AGAIN = timedelta(hours=1)
"""How old ``last_seen``, which decides how long a device is kept, may be before it alone is written."""


class IngestResult(NamedTuple):
    """The outcome of reports: how many were of new devices, changed a known device, or brought nothing new."""

    new: int = 0
    changed: int = 0
    same: int = 0
    findings: int = 0
    """How many new contradictions there are."""

    def plus(self, other: "IngestResult") -> "IngestResult":
        return IngestResult(*(one + more for one, more in zip(self, other, strict=True)))


async def store_reports(connection: AsyncConnection, new_reports: Iterable[Report]) -> IngestResult:
    """Store reports in the order in which they came."""
    counted = await _without_revoked(connection, list(new_reports))
    in_order = sorted(counted, key=lambda report: report.last_seen)
    if not in_order:
        return IngestResult()
    change = await count_change(connection)
    before = await around(connection, in_order)
    # a report may have waited in a spool, so when it came says nothing about the times of what was stored since
    now = await latest_now(connection, in_order[-1].last_seen)
    device_set, counts = DeviceSet(before, now), dict.fromkeys(ReportChange, 0)
    for report in in_order:
        counts[device_set.add(report)] += 1
    after = list(device_set)
    await write_changes(connection, before, after, change)
    known = {device.id: set(device.findings) for device in before}
    found = sum(len(set(device.findings) - known.get(device.id, set())) for device in after)
    return IngestResult(
        counts[ReportChange.NEW], counts[ReportChange.CHANGED], counts[ReportChange.SAME], found
    )


async def _without_revoked(connection: AsyncConnection, found: list[Report]) -> list[Report]:
    """These reports without those of enrolled devices whose key is revoked by now: a gate may just not have learned of that."""
    own = {each.key: each.id for each in found if each.source in (ENROLLED, REPORTER) and not each.gone}
    if not own:
        return found
    revoked = select(keys.c.device).where(keys.c.device.in_(own.values()), keys.c.revoked_at.is_not(None))
    gone = set((await connection.execute(revoked)).scalars())
    return [each for each in found if own.get(each.key) not in gone]


@dataclass(slots=True)
class _Writes:
    devices: list[dict[str, Any]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    lost_names: list[dict[str, Any]] = field(default_factory=list)
    names: list[dict[str, Any]] = field(default_factory=list)
    noted: list[int] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    merged: dict[int, tuple[str, str]] = field(default_factory=dict)
    """The merged devices by their keys: their ids, and the ids of the devices that they were merged into."""


async def write_changes(
    connection: AsyncConnection, before: Sequence[Device], after: Sequence[Device], change: int
) -> None:
    """Bring the store from ``before`` to ``after``. Both are states of the same devices."""
    rows = await _rows(connection, before, after, change)
    await put_rows(connection, devices, rows.devices)
    await put_rows(connection, reports, rows.reports)
    await delete_rows(connection, device_names, rows.lost_names)
    if rows.noted:
        noted = device_findings.c.device.in_(rows.noted)
        await connection.execute(delete(device_findings).where(noted))
    if rows.merged:
        await connection.execute(delete(devices).where(devices.c.key.in_(rows.merged)))
        await _carry_over(connection, dict(rows.merged.values()))
    await insert_rows(connection, device_names, rows.names)
    await insert_rows(connection, device_findings, rows.findings)


async def _rows(
    connection: AsyncConnection, before: Sequence[Device], after: Sequence[Device], change: int
) -> _Writes:
    rows, old = _Writes(), {device.id: device for device in before}
    reported = {report.key: (device.number, report) for device in before for report in device.reports}
    number = 0
    for device in after:
        known = old.pop(device.id, None)
        if known is device:
            continue
        if known is None:
            number = (number or await connection.scalar(select(func.max(devices.c.key))) or 0) + 1
        own = known.number if known else number
        _add_device(rows, known, device, own, change)
        for report in device.reports:
            was = reported.get(report.key)
            if was is None or was != (own, report) or abs(report.last_seen - was[1].last_seen) >= SEEN_AGAIN:
                rows.reports.append(_report_row(report, own))
    into = {former: device.id for device in after for former in device.former_ids}
    rows.merged = {device.number: (device.id, into[device.id]) for device in old.values()}
    return rows


def _add_device(rows: _Writes, known: Device | None, device: Device, number: int, change: int) -> None:
    if known is None or known != device or abs(device.last_seen - known.last_seen) >= SEEN_AGAIN:
        told = {name: getattr(device, name) for name in ("id", "lost_at", "first_seen", "last_seen")}
        changed = known.changed if known == device else change
        rows.devices.append({"key": number, "changed": changed, **told})
    has, had = _held(device), _held(known) if known else frozenset()
    rows.lost_names += [{"kind": kind, "name": text} for kind, text in had - has]
    rows.names += [{"kind": kind, "name": text, "device": number} for kind, text in sorted(has - had)]
    if device.findings != (known.findings if known else ()):
        rows.noted.append(number)
        rows.findings += [{"device": number, **asdict(each)} for each in device.findings]


def _held(device: Device) -> frozenset[Name]:
    return device.names | {(FORMER, each) for each in device.former_ids}


def _report_row(report: Report, number: int) -> dict[str, Any]:
    told = {name: getattr(report, name) for name in ("names", *SETS)}
    lists = {name: each if each is None else json.dumps(sorted(each)) for name, each in told.items()}
    made = {"device": number, "person": user_text(report.owner), **lists}
    return {each.name: getattr(report, each.name) for each in reports.c if each.name not in made} | made


async def _carry_over(connection: AsyncConnection, ids: dict[str, str]) -> None:
    for old, new in sorted(ids.items()):
        exempt = update(reliefs).where(reliefs.c.device == old).values(device=new)
        if (await connection.execute(exempt)).rowcount:
            await count_up(connection, relief_changes)  # gates read them again
        await connection.execute(update(sightings).where(sightings.c.device == old).values(device=new))
        both = quarantine_mails.alias()
        same = (both.c[name] == quarantine_mails.c[name] for name in ("person", "reason"))
        twice = select(both.c.person).where(*same, both.c.device == new).exists()
        await connection.execute(delete(quarantine_mails).where(quarantine_mails.c.device == old, twice))
        await connection.execute(
            update(quarantine_mails).where(quarantine_mails.c.device == old).values(device=new)
        )


def report_of(proof: AttestationResult, catalog: AppCatalog, now: datetime) -> Report:
    """The report of a verified proof. Apps on no list are dropped, and a look from the future is dated now."""
    apps = proof.apps
    report = report_by(
        source_of(proof),
        proof.device_id,
        owner=proof.user,
        kind=proof.kind,
        os=proof.os,
        os_version=proof.os_version,
        managed=proof.managed,
        enrolment=Enrolment.UNKNOWN if proof.self_reported else proof.enrolment,
        status=proof.status,
        apps=replace(apps, present=apps.present.intersection(catalog.apps)) if apps else None,
        expires=proof.expires,
        eas_ids=proof.eas_ids,
        keys=(proof.key_thumbprint,) if proof.key_thumbprint else (),
    )
    return report.received(now)


class Reports(WriteQueue[ReportKey, Report]):
    """Stores new reports within moments. Only the newest report of a source about a device is written."""

    noun = "reports"
    interval = 0.2
    """With ``changes.VALID_FOR`` a report still counts everywhere within a second."""

    def _merge(self, old: Report, new: Report) -> Report:
        return new.after(old, new.last_seen)

    async def _write(self, connection: AsyncConnection, items: Mapping[ReportKey, Report]) -> None:
        await store_reports(connection, items.values())

    def _to_line(self, _key: ReportKey, item: Report) -> str:
        return json.dumps({name: _plain(value) for name, value in asdict(item).items()})

    def _from_line(self, line: str) -> tuple[ReportKey, Report]:
        named = json.loads(line)
        for name in ("looked_from", "expires_at", "denied_until", "first_seen", "last_seen", *DATED):
            named[name] = (at := named.get(name)) and datetime.fromisoformat(at)
        parts = {
            **{name: read(named[name]) for name, read in WORDS.items()},
            **{name: None if named[name] is None else frozenset(named[name]) for name in SETS},
            "names": frozenset((kind, name) for kind, name in named["names"]),
        }
        report = Report(**named | parts)
        return report.key, report


def _plain(value: object) -> object:
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return value.isoformat() if isinstance(value, datetime) else value


_PAGE = 5000


class Connectors(Queries):
    async def states(self) -> dict[str, SourceState]:
        return {each.name: each for each in await self._each(select(connectors), made(SourceState))}

    async def note(self, state: SourceState) -> None:
        async with self._database.writing() as connection:
            await put_rows(connection, connectors, [asdict(state)])

    async def seen_whole(self, source: str, ids: Sequence[str]) -> list[tuple[str, str, str]]:
        """The source's id, the device's id and the owner of each of these reports that has every app and no listed one."""
        whole = (reports.c.apps_complete, reports.c.apps == "[]", ~reports.c.gone)
        query = select(reports.c.id, devices.c.id, reports.c.owner).join(devices)
        query = query.where(reports.c.source == source, reports.c.id.in_(ids), *whole).order_by(reports.c.id)
        return [(row[0], row[1], row[2]) for row in await self._rows(query, timeout_seconds=30)]

    async def versions(self, source: str, policy: str) -> dict[int, str]:
        """The stored versions of a policy of this source, by number."""
        ours = (policy_versions.c.source == source, policy_versions.c.policy == policy)
        query = select(policy_versions.c.version, policy_versions.c.content).where(*ours)
        return {row[0]: row[1] for row in await self._rows(query)}

    async def keep_versions(
        self, source: str, policies: Mapping[str, Mapping[int, str]], *, only: bool
    ) -> None:
        """Store these versions of policies. With ``only`` all others of the source are forgotten."""
        rows = [
            {"source": source, "policy": policy, "version": number, "content": content}
            for policy, versions in policies.items()
            for number, content in versions.items()
        ]
        async with self._database.writing() as connection:
            if only:
                await connection.execute(delete(policy_versions).where(policy_versions.c.source == source))
            await put_rows(connection, policy_versions, rows)

    async def reach(self) -> dict[tuple[str, str, str], int]:
        """How many devices each source has of each kind of enrolment, and sees whole, in part or without their apps."""
        seen = case(
            (reports.c.reported_at.is_(None), "none"), (reports.c.apps_complete, "complete"), else_="partial"
        )
        query = select(reports.c.source, reports.c.enrolment, seen, func.count()).where(~reports.c.gone)
        rows = await self._rows(
            query.group_by(reports.c.source, reports.c.enrolment, seen), timeout_seconds=30
        )
        return {(row[0], row[1], row[2]): row[3] for row in rows}

    async def devices(self, source: str, size: int = _PAGE) -> AsyncIterator[list[str]]:
        """The ids of the source's devices, in pages."""
        after = ""
        while True:
            of_source = (reports.c.source == source, ~reports.c.gone, reports.c.id > after)
            query = select(reports.c.id).where(*of_source).order_by(reports.c.id).limit(size)
            page = await self._values(query, timeout_seconds=30)
            if page:
                yield page
            if len(page) < size:
                return
            after = page[-1]
