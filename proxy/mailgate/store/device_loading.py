"""Loads whole devices from the store, by their keys or by the reports that may be about them. For decisions many are loaded at
once, only with the names that sightings may hold."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import CompoundSelect, Row, Select, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.device import Contradiction, Device, Report, new_id
from mailgate.devices.names import FORMER, Name
from mailgate.model import Compliance, Enrolment, Kind, Reason, Threat
from mailgate.store.bulk_rows import among
from mailgate.store.schema import device_findings, device_names, devices, reports

_AT_ONCE = 10_000
"""The most values in one query. SQLite takes 32,766 and PostgreSQL's protocol 65,535."""

_HELD = device_names.c
_Each = TypeVar("_Each")


async def load(connection: AsyncConnection, numbers: Iterable[int]) -> list[Device]:
    """The devices with these keys, in their order."""
    found: list[Device] = []
    for some in _portions(sorted(set(numbers))):
        found += await _load(connection, some)
    return found


async def around(connection: AsyncConnection, new_reports: Sequence[Report]) -> list[Device]:
    """Every device that has the slot, a name or the id of one of these reports, or that claims such a name."""
    numbers = set[int]()
    for query in _questions(connection, new_reports):
        numbers |= set((await connection.execute(query)).scalars())
    found = more = await load(connection, numbers)
    while contested := {each.about for device in more for each in device.findings if each.about}:
        query = select(device_findings.c.device).where(device_findings.c.about.in_(contested))
        others = set((await connection.execute(query)).scalars()) - numbers
        numbers |= others
        more = await load(connection, others)
        found = found + more
    return found


def _questions(
    connection: AsyncConnection, new_reports: Sequence[Report]
) -> Iterator[Select[Any] | CompoundSelect[Any]]:
    """Queries for the keys of devices by everything in the reports, as few as possible; each reads indexes only."""
    asked: list[Select[Any]] = []
    values = 0
    for query, count in _looks(connection, new_reports):
        if values + count > _AT_ONCE and asked:
            yield union_all(*asked)
            asked, values = [], 0
        asked.append(query)
        values += count
    yield union_all(*asked)


def _looks(connection: AsyncConnection, new_reports: Sequence[Report]) -> Iterator[tuple[Select[Any], int]]:
    for source, slots in _grouped((report.source, report.id) for report in new_reports).items():
        for ids in _portions(slots):
            found = select(reports.c.device).where(
                reports.c.source == source, among(connection, reports.c.id, ids)
            )
            yield found, len(ids) + 1
    would_be = [new_id(report.key) for report in new_reports]
    for ids in _portions(would_be):
        yield select(devices.c.key).where(among(connection, devices.c.id, ids)), len(ids)
    names = {name for report in new_reports for name in report.names} | {(FORMER, each) for each in would_be}
    for kind, texts in _grouped(sorted(names)).items():
        for some in _portions(texts):
            yield (
                select(_HELD.device).where(_HELD.kind == kind, among(connection, _HELD.name, some)),
                len(some) + 1,
            )


async def _load(connection: AsyncConnection, numbers: Sequence[int]) -> list[Device]:
    rows = await connection.execute(
        select(devices).where(among(connection, devices.c.key, numbers)).order_by(devices.c.key)
    )
    told = await _parts(
        connection, select(reports).where(among(connection, reports.c.device, numbers)), reports.c.device.name
    )
    named = await _parts(
        connection, select(device_names).where(among(connection, _HELD.device, numbers)), "device"
    )
    noted = await _parts(
        connection,
        select(device_findings).where(among(connection, device_findings.c.device, numbers)),
        "device",
    )
    return [
        device_of(row, told.get(row.key, []), named.get(row.key, []), noted.get(row.key, [])) for row in rows
    ]


async def _parts(connection: AsyncConnection, query: Select[Any], column: str) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = {}
    for row in await connection.execute(query):
        found.setdefault(getattr(row, column), []).append(row)
    return found


def device_of(row: Any, told: Iterable[Any], named: Iterable[Any], noted: Iterable[Any]) -> Device:
    held = {(each.kind, each.name) for each in named}
    found = tuple(sorted((_report(each) for each in told), key=lambda report: report.key))
    claims = frozenset[Name]().union(*(report.names for report in found))
    return Device(
        id=row.id,
        reports=found,
        former_ids=frozenset(text for kind, text in held if kind == FORMER),
        ceded_names=claims - held,
        findings=tuple(
            Contradiction(Reason(each.reason), each.about, each.detail, each.since)
            for each in sorted(noted, key=lambda each: (each.reason, each.about))
        ),
        lost_at=row.lost_at,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        number=row.key,
        changed=row.changed,
    )


SETS = ("apps", "asked", "compliance_apps", "denied")
"""The fields of a report that are stored as lists of apps."""
WORDS: Mapping[str, Callable[[str], StrEnum]] = {
    "enrolment": Enrolment,
    "compliance": Compliance,
    "threat": Threat,
}
"""The fields of a report that have one of a few words."""


def _report(row: Any) -> Report:
    names = frozenset((kind, text) for kind, text in json.loads(row.names))
    told = _report_of([getattr(row, name) for name in _TOLD])
    return replace(told, names=names, first_seen=row.first_seen, last_seen=row.last_seen)


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for first, second in pairs:
        found.setdefault(first, []).append(second)
    return found


def _portions(values: Sequence[_Each]) -> Iterable[Sequence[_Each]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))


_TOLD = [each.name for each in fields(Report)]
_TOLD = _TOLD[: _TOLD.index("names")]
"""The fields of a report without its names, in their order."""
_DEVICE = (devices.c.key, devices.c.id, devices.c.lost_at)
_ROWS = select(*_DEVICE, *(reports.c[name] for name in _TOLD)).join(reports, isouter=True)


async def summaries(connection: AsyncConnection, after: str, size: int) -> list[Device]:
    """The next ``size`` devices after the id ``after``, in the order of their ids."""
    page = select(devices.c.key).where(devices.c.id > after).order_by(devices.c.id).limit(size).subquery()
    query = _ROWS.where(devices.c.key.in_(select(page.c.key))).order_by(devices.c.id)
    rows: Sequence[Any] = (await connection.execute(query)).all()
    keys = sorted({row[0] for row in rows})
    former = await _by_device(
        connection,
        select(device_names.c.device, device_names.c.name).where(device_names.c.kind == FORMER),
        keys,
        device_names.c.device,
    )
    found = await _by_device(
        connection,
        select(
            device_findings.c.device,
            device_findings.c.reason,
            device_findings.c.about,
            device_findings.c.detail,
        ),
        keys,
        device_findings.c.device,
    )
    return [
        _device(list(same), former.get(key, ()), found.get(key, ()))
        for key, same in groupby(rows, key=lambda row: row[0])
    ]


async def _by_device(
    connection: AsyncConnection, query: Any, keys: Sequence[int], column: Any
) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    if keys:
        for key, *rest in await connection.execute(query.where(column.in_(keys))):
            found.setdefault(key, []).append(rest)
    return found


def _device(rows: list[Any], former: Iterable[Any], found: Iterable[Any]) -> Device:
    number, name, lost_at = rows[0][:3]
    told = [_report_of(row[3:]) for row in rows if row[3] is not None]
    return Device(
        id=name,
        reports=tuple(told) if len(told) < 2 else tuple(sorted(told, key=lambda report: report.key)),
        former_ids=frozenset([each for (each,) in former]),
        findings=tuple([Contradiction(Reason(reason), about, detail) for reason, about, detail in found]),
        lost_at=lost_at,
        number=number,
    )


def _report_of(told: Sequence[Any]) -> Report:
    return Report(*[read(value) if read else value for read, value in zip(_READERS, told, strict=True)])


@lru_cache(maxsize=1024)
def _apps(listed: str | None) -> frozenset[str] | None:
    return None if listed is None else frozenset(json.loads(listed))


_READ: dict[str, Callable[[Any], Any]] = {
    "kind": lambda word: word and Kind(word),
    **dict.fromkeys(SETS, _apps),
    **WORDS,
}
_READERS = [_READ.get(name) for name in _TOLD]
