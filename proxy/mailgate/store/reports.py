"""Reports: what verified proofs say of devices, on their way into the store."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.model import AttestationResult, Kind
from mailgate.policy import AppCatalog
from mailgate.store.devices import Device, learn, names_of
from mailgate.store.outbox import Outbox

Named = tuple[str, str]
"""Source and id of a device."""


def report_of(proof: AttestationResult, catalog: AppCatalog, now: datetime) -> Device:
    """What a verified proof says. Apps that are not listed stay out, and no report is from the future."""
    apps = proof.apps
    return Device(
        source=proof.issuer,
        id=proof.device_id,
        owner=proof.user,
        kind=proof.kind,
        os=proof.os,
        os_version=proof.os_version,
        managed=proof.managed,
        status=proof.status,
        apps=apps.present & catalog.apps.keys() if apps else frozenset(),
        apps_complete=apps.complete if apps else None,
        reported_at=min(apps.at, now) if apps else None,
        expires_at=proof.expires,
        names=names_of(proof.key_thumbprint, proof.eas_ids, proof.user),
        first_seen=now,
        last_seen=now,
    )


class Reports(Outbox[Named, Device]):
    """Writes new reports within moments; of one device only the newest."""

    noun = "reports"
    interval = 0.05

    def _merge(self, old: Device, new: Device) -> Device:
        return new if new.replaces(old) else old

    async def _write(self, connection: AsyncConnection, items: Mapping[Named, Device]) -> None:
        await learn(connection, list(items.values()))

    def _to_line(self, _key: Named, item: Device) -> str:
        named = asdict(item) | {"apps": sorted(item.apps), "names": sorted(item.names)}
        return json.dumps({name: _plain(value) for name, value in named.items()})

    def _from_line(self, line: str) -> tuple[Named, Device]:
        named = json.loads(line)
        for name in ("reported_at", "expires_at", "first_seen", "last_seen"):
            named[name] = named[name] and datetime.fromisoformat(named[name])
        parts = {
            "kind": named["kind"] and Kind(named["kind"]),
            "apps": frozenset(named["apps"]),
            "names": frozenset((kind, name) for kind, name in named["names"]),
        }
        device = Device(**named | parts)
        return (device.source, device.id), device


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
