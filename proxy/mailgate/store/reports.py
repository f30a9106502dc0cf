"""The queue of reports from verified proofs that wait to be stored."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.device import Report, ReportKey
from mailgate.devices.names import STRONG
from mailgate.devices.trust import report_by, source_of
from mailgate.model import AttestationResult, Kind
from mailgate.policy import AppCatalog
from mailgate.store.ingest import store_reports
from mailgate.store.write_queue import WriteQueue


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
        status=proof.status,
        apps=replace(apps, present=apps.present & catalog.apps.keys()) if apps else None,
        expires=proof.expires,
        eas_ids=proof.eas_ids,
        keys=(proof.key_thumbprint,) if proof.key_thumbprint else (),
    )
    return report.received(now)


class Reports(WriteQueue[ReportKey, Report]):
    """Stores new reports within moments. Only the newest report of a source about a device is written."""

    noun = "reports"
    interval = 0.05

    def _merge(self, old: Report, new: Report) -> Report:
        return new.after(old, new.last_seen)

    async def _write(self, connection: AsyncConnection, items: Mapping[ReportKey, Report]) -> None:
        await store_reports(connection, items.values())

    def _to_line(self, _key: ReportKey, item: Report) -> str:
        named = asdict(item) | {"apps": sorted(item.apps), "names": sorted(item.names)}
        return json.dumps({name: _plain(value) for name, value in named.items()})

    def _from_line(self, line: str) -> tuple[ReportKey, Report]:
        named = json.loads(line)
        for name in ("reported_at", "looked_from", "expires_at", "first_seen", "last_seen"):
            named[name] = named[name] and datetime.fromisoformat(named[name])
        parts = {
            "kind": named["kind"] and Kind(named["kind"]),
            "apps": frozenset(named["apps"]),
            # version 0.1 spooled the owner's login name among them
            "names": frozenset((kind, name) for kind, name in named["names"] if kind in STRONG),
        }
        report = Report(**named | parts)
        return report.key, report


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
