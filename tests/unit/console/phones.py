"""Devices of the small company, and decisions about them."""

from datetime import timedelta

from tests.unit.console.browsing import NOW, Company
from tests.unit.store.examples import access

from mailgate.devices.device import Device, Report
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Decision, Effect, Kind, Reason, RequestFacts

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"


def record(name: str, owner: str, *apps: str, kind: Kind = Kind.PHONE, age: float = 1) -> Report:
    """A report of ``jamf-file`` about a device, which was looked at ``age`` hours ago."""
    return report_by(
        "jamf-file", name, serial=f"SERIAL-{name.upper()}", owner=owner, kind=kind, os="ios", os_version="26.1",
        managed=True, apps=AppsReport(frozenset(apps), True, NOW - timedelta(hours=age)),
    )  # fmt: skip


async def has(firm: Company, *records: Report) -> list[Device]:
    """Store these devices."""
    await firm.store.devices.ingest(records, NOW - timedelta(minutes=30))
    found = [await firm.store.devices.get(each.source, each.id) for each in records]
    return [device for device in found if device]


async def asks(firm: Company, device: Device, user: str, reference: str = "REF2345") -> None:
    """Record a refused request of a device."""
    facts = RequestFacts(headers={"user-agent": IPHONE})
    decision = Decision(Effect.BLOCK, Reason.PROHIBITED_APP, "prohibited-app", "v1")
    at = NOW - timedelta(minutes=5)
    firm.store.ledger.record(access(facts, device=device.id, user=user, now=at), decision, reference)
    await firm.store.ledger.flush()
