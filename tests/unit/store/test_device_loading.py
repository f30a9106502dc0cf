"""Finding all devices that reports may be about."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.store.devices import ids, record
from tests.unit.store.examples import NOW

from mailgate.devices.device import Device
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Compliance, Denial, Enrolment, Kind, ManagementVerdict, Threat
from mailgate.store import Store, device_loading


@pytest.mark.parametrize("at_once", [1, 2, 5000])
async def test_all_are_found_whatever_leads_to_them(
    store: Store, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(device_loading, "_AT_ONCE", at_once)
    known = [
        record("by-slot"),
        record("by-serial", serial="SERIAL1"),
        record("by-eas", eas_ids=("ApplX1",)),
        record("other", serial="SERIAL2"),
    ]
    await store.devices.ingest(known, NOW)
    joins = record("new", "intune", serial="SERIAL1", eas_ids=("6170706c7831",))
    async with store.devices._database.reading() as connection:
        news = [each.received(NOW) for each in (joins, record("by-slot"))]
        assert ids(await device_loading.around(connection, news)) == ["by-eas", "by-serial", "by-slot"]


async def test_every_device_with_a_contested_name_is_found(store: Store) -> None:
    for number in (1, 2):
        await store.devices.ingest([record(str(number), serial=f"SERIAL{number}", eas_ids=("ApplX1",))], NOW)
    found = await store.devices.around(record("3", eas_ids=("ApplX1",)).received(NOW))
    assert ids(found) == ["1", "2"]


async def test_a_chain_of_contested_names_is_followed_to_its_end(store: Store) -> None:
    """Else what does not fit between the far ends would be forgotten with the next report of the near one."""
    for number in (1, 2, 3):
        eas_ids = (f"Appl{number}", f"Appl{number + 1}")
        await store.devices.ingest([record(str(number), serial=f"SERIAL{number}", eas_ids=eas_ids)], NOW)
    found = await store.devices.around(record("1").received(NOW))
    assert ids(found) == ["1", "2", "3"]


RECORDS = [
    report_by("https://a.example.com", "1", "Ada", Kind.PHONE, "ios", apps=AppsReport(frozenset({"tiktok"}), True, NOW), serial="S1ABCDEFG"),
    report_by("https://b.example.com", "x", "grace", Kind.TABLET, "android", serial="S1ABCDEFG", expires=NOW),
    report_by("https://a.example.com", "2", "lin", Kind.LAPTOP, managed=True, eas_ids=("EAS2",)),
    report_by("https://a.example.com", "3", gone=True),
    report_by(
        "intune", "4", enrolment=Enrolment.SUPERVISED, apps=AppsReport(frozenset(), True, NOW, asked=frozenset({"tiktok"})),
        verdict=ManagementVerdict(Compliance.GRACE, NOW, frozenset({"tiktok"}), Threat.LOW),
        denial=Denial(frozenset({"tiktok"}), NOW, NOW + timedelta(hours=1), "phones 7", "version"),
    ),
]  # fmt: skip


def bare(device: Device) -> Device:
    """The device without its names."""
    reports = tuple(replace(report, names=frozenset()) for report in device.reports)
    return replace(device, reports=reports, ceded_names=frozenset())


async def test_summaries_equal_pages_except_for_names(store: Store) -> None:
    await store.devices.ingest(RECORDS, NOW)
    pages = await store.devices.page()
    assert any(device.findings for device in pages)
    assert RECORDS[-1] in [report for device in pages for report in device.reports]
    assert await store.devices.summaries("", 500) == [bare(device) for device in pages]


async def test_two_devices_that_turned_out_to_be_one_keep_their_ids(store: Store) -> None:
    first = report_by("https://a.example.com", "1", serial="SERIAL0001")
    other = report_by("https://b.example.com", "2", udid="0123456789abcdef0123456789abcdef01234567")
    await store.devices.ingest([first], NOW)
    await store.devices.ingest([other], NOW + timedelta(hours=1))
    await store.devices.ingest([replace(other, names=other.names | first.names)], NOW + timedelta(hours=2))
    (device,) = await store.devices.page()
    (sketch,) = await store.devices.summaries("", 500)
    assert sketch.former_ids == device.former_ids
    assert len(sketch.former_ids) == 1


async def test_summaries_come_in_pages_in_the_order_of_ids(store: Store) -> None:
    await store.devices.ingest([report_by("s", str(number)) for number in range(7)], NOW)
    first = await store.devices.summaries("", 4)
    rest = await store.devices.summaries(first[-1].id, 4)
    ids = [device.id for device in [*first, *rest]]
    assert (len(first), len(rest), ids) == (4, 3, sorted(ids))
    assert await store.devices.summaries(ids[-1], 4) == []


async def test_parts_of_all_devices_are_told_by_their_ends(store: Store) -> None:
    assert (await store.devices.count(), await store.devices.splits(3)) == (0, [])
    await store.devices.ingest([report_by("s", str(number)) for number in range(10)], NOW)
    ids = [device.id for device in await store.devices.page()]
    assert await store.devices.splits(3) == [ids[2], ids[5]]
    assert await store.devices.count() == 10
