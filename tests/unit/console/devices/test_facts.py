"""What is told of a device."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from tests.unit.store.examples import CATALOG, NOW, TERMS

from mailgate.config.settings import Retention
from mailgate.console.devices.facts import FindingFacts, NameFacts, device_facts, parts_of
from mailgate.devices.device import Contradiction, Device, Report
from mailgate.devices.names import KEY, SERIAL
from mailgate.model import Reason

REPORT = Report("jamf", "7", apps=frozenset({"tiktok"}), reported_at=NOW, names=frozenset({(SERIAL, "S1")}))
FOUND = Contradiction(Reason.DEVICE_OS_CONTRADICTED, "", "os: …", since=NOW)
DEVICE = Device("abcd", (REPORT,), findings=(FOUND,), first_seen=NOW, last_seen=NOW)


def bundle() -> Any:
    """As much of the files as is read here."""
    settings = SimpleNamespace(
        posture=SimpleNamespace(precedence=()),
        retention=Retention(),
    )
    return SimpleNamespace(policy=SimpleNamespace(catalog=CATALOG), settings=settings, posture_terms=TERMS)


def test_a_device_tells_when_it_is_deleted() -> None:
    told = device_facts(DEVICE, bundle(), NOW)
    assert told.deleted_after == NOW + timedelta(days=90)
    assert told.findings == [FindingFacts(reason="device-os-contradicted", detail="os: …", since=NOW)]
    told = device_facts(replace(DEVICE, lost_at=NOW), bundle(), NOW)
    assert (told.deleted_after, told.lost_at, told.lost) == (NOW + timedelta(days=365), NOW, True)


def test_every_name_is_told_with_its_sources_and_whether_it_leads_here() -> None:
    other = replace(REPORT, source="intune", names=frozenset({(SERIAL, "S1"), (KEY, "k1")}))
    told = parts_of(replace(DEVICE, reports=(other, REPORT), ceded_names=frozenset({(KEY, "k1")})))
    assert told.names == [
        NameFacts(kind="key", name="k1", sources=["intune"], found_by=False),
        NameFacts(kind="serial", name="S1", sources=["intune", "jamf"], found_by=True),
    ]
    reports = [(each.source, each.apps) for each in told.reports]
    assert reports == [("intune", ["tiktok"]), ("jamf", ["tiktok"])]
