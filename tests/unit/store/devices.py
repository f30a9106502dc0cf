"""Reports of devices on their two ways into the store."""

from dataclasses import replace

from tests.unit.store.examples import ISSUER, NOW

from mailgate.devices.device import Device, Report
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport
from mailgate.store import Store


def report(name: str, **fields: object) -> Report:
    """A report that a phone makes about itself."""
    base = Report(ISSUER, name, reported_at=NOW, apps_complete=True, first_seen=NOW, last_seen=NOW)
    return replace(base, **fields)  # type: ignore[arg-type]


async def learned(store: Store, *reports: Report) -> None:
    """Store reports, each before the next."""
    for each in reports:
        store.reports.put(each.key, each)
        await store.reports.flush()


def record(name: str = "mdm-1", source: str = "jamf", **fields: object) -> Report:
    """A report of a company's source that has looked at the device."""
    known: dict[str, object] = {"apps": AppsReport(frozenset(), True, NOW)}
    return report_by(source, name, **known | fields)  # type: ignore[arg-type]


def ids(devices: list[Device]) -> list[str]:
    """The names of the devices at their sources, one word for each device."""
    return sorted("+".join(sorted(each.id for each in device.reports)) for device in devices)
