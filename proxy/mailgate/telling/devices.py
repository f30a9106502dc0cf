"""Everything that is stored of a device, as plain data."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from mailgate.config import Bundle, Settings
from mailgate.store import Device, Keep, Recorded, Report
from mailgate.telling.recall import posture_now


def keep_of(settings: Settings) -> Keep:
    """How long these settings keep what."""
    return Keep(**settings.retention.model_dump())


def device_facts(device: Device, bundle: Bundle, now: datetime) -> dict[str, Any]:
    """A device and its posture now."""
    named = asdict(posture_now(device, bundle, now)) | {
        "findings": [
            {"reason": each.reason, "detail": each.detail, "since": each.since.isoformat()}
            for each in device.findings
        ],
        "lost_at": device.lost_at,
        "first_seen": device.first_seen,
        "last_seen": device.last_seen,
        "deleted_after": keep_of(bundle.settings).end_of(device),
    }
    del named["last_state"]  # is of a store that cannot be asked, and this one was
    return {"id": named.pop("device_id")} | {name: _plain(value) for name, value in named.items()}


def parts_of(device: Device) -> dict[str, Any]:
    """What each source says, and what the device is found by."""
    names = [
        {
            "kind": kind,
            "name": text,
            "sources": sorted({each.source for each in device.reports if (kind, text) in each.names}),
            "found_by": (kind, text) not in device.ceded,
        }
        for kind, text in sorted(device.claims)
    ]
    return {
        "reports": [_report(report) for report in device.reports],
        "names": names,
        "former_ids": sorted(device.former),
    }


def sighting_facts(recorded: Recorded) -> dict[str, Any]:
    """One sighting of a device."""
    seen = recorded.sighting
    return {
        "id": recorded.id,
        "day": seen.day.isoformat(),
        "kind": seen.client.kind,
        "protocol": seen.client.protocol,
        "user_agent": dict(seen.client.headers).get("user-agent", ""),
        "user": seen.user,
        "posture": seen.posture,
        "rule": seen.rule,
        "effect": seen.effect,
        "reason": seen.reason,
        "would": list(seen.would),
        "policy": seen.policy,
        "times": recorded.tally.times,
        "first": recorded.tally.first.isoformat(),
        "last": recorded.tally.last.isoformat(),
        "reference": recorded.tally.reference,
    }


def _report(report: Report) -> dict[str, Any]:
    named = asdict(report)
    del named["names"]  # they stand beside, with every source that has them
    return {name: _plain(value) for name, value in named.items()}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return (
        sorted(value) if isinstance(value, frozenset) else list(value) if isinstance(value, tuple) else value
    )
