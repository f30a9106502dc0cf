"""Sketches of devices are the devices, but for their names."""

from dataclasses import replace
from datetime import timedelta

from tests.unit.store.examples import NOW

from mailgate.devices.device import Device
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Kind
from mailgate.store import Store

RECORDS = [
    report_by("https://a.example.com", "1", "Ada", Kind.PHONE, "ios", apps=AppsReport(frozenset({"tiktok"}), True, NOW), serial="S1ABCDEFG"),
    report_by("https://b.example.com", "x", "grace", Kind.TABLET, "android", serial="S1ABCDEFG", expires=NOW),
    report_by("https://a.example.com", "2", "lin", Kind.LAPTOP, managed=True, eas_ids=("EAS2",)),
    report_by("https://a.example.com", "3", gone=True),
]  # fmt: skip


def bare(device: Device) -> Device:
    """The device without its names."""
    reports = tuple(replace(report, names=frozenset()) for report in device.reports)
    return replace(device, reports=reports, ceded_names=frozenset())


async def test_they_are_what_the_pages_are_but_for_names(store: Store) -> None:
    await store.devices.ingest(RECORDS, NOW)
    pages = await store.devices.page()
    assert any(device.findings for device in pages)
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


async def test_they_come_in_pages_in_the_order_of_ids(store: Store) -> None:
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
