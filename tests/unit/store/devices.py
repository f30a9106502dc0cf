"""Reports of devices, on their two ways into the store, and what is found there."""

from dataclasses import replace

from tests.unit.store.examples import ISSUER, NOW

from mailgate.devices.device import Device, Report
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport
from mailgate.store import Store


def report(name: str, **fields: object) -> Report:
    """What a phone proves by itself."""
    base = Report(ISSUER, name, reported_at=NOW, apps_complete=True, first_seen=NOW, last_seen=NOW)
    return replace(base, **fields)  # type: ignore[arg-type]


async def learned(store: Store, *reports: Report) -> None:
    """Each is written before the next comes."""
    for each in reports:
        store.reports.put(each.key, each)
        await store.reports.flush()


def record(name: str = "mdm-1", source: str = "jamf", **fields: object) -> Report:
    """What a source of the company says of a device that it has looked at."""
    known: dict[str, object] = {"apps": AppsReport(frozenset(), True, NOW)}
    return report_by(source, name, **known | fields)  # type: ignore[arg-type]


def ids(devices: list[Device]) -> list[str]:
    """What the sources call them, each device a word."""
    return sorted("+".join(sorted(each.id for each in device.reports)) for device in devices)
