"""Loads many devices at once for decisions: with every report, but only with the names that sightings may hold."""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.device import Contradiction, Device, Report
from mailgate.devices.names import FORMER
from mailgate.model import Kind, Reason
from mailgate.store.schema import device_findings, device_names, devices, reports

_TOLD = "source id owner kind os os_version managed status apps apps_complete reported_at looked_from expires_at gone handed".split()
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
    """Rows grouped by the key of their device, which is the first column. Most devices have none."""
    found: dict[int, list[Any]] = {}
    if keys:
        for key, *rest in await connection.execute(query.where(column.in_(keys))):
            found.setdefault(key, []).append(rest)
    return found


def _device(rows: list[Any], former: Iterable[Any], found: Iterable[Any]) -> Device:
    number, name, lost_at = rows[0][:3]
    told = [_report(row[3:]) for row in rows if row[3] is not None]
    return Device(
        id=name,
        reports=tuple(told) if len(told) < 2 else tuple(sorted(told, key=lambda report: report.key)),
        former_ids=frozenset([each for (each,) in former]),
        findings=tuple([Contradiction(Reason(reason), about, detail) for reason, about, detail in found]),
        lost_at=lost_at,
        number=number,
    )


def _report(told: Sequence[Any]) -> Report:
    source, name, owner, kind, os, version, managed, status, apps, complete, at, since, ends, gone, handed = (
        told
    )
    return Report(
        source, name, owner, Kind(kind) if kind else None, os, version, managed, status,
        _apps(apps), complete, at, since, ends, gone, handed,
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _apps(listed: str) -> frozenset[str]:
    return frozenset(json.loads(listed))
