"""Whole devices by one question of the driver."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.store.devices import ids, record
from tests.unit.store.examples import NOW

from mailgate.devices.device import Device
from mailgate.devices.names import EAS, KEY, MDM, eas_forms
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport
from mailgate.store import Store
from mailgate.store.device_loading import around, load

LATER = NOW + timedelta(seconds=1, microseconds=250)
APPS = AppsReport(frozenset({"tiktok", "chess"}), True, LATER)


async def loaded(store: Store, *numbers: int) -> list[Device]:
    """The same devices by the way that many go."""
    async with store.devices._database.reading() as connection:
        return await load(connection, numbers)


async def test_a_single_lookup_finds_what_the_bulk_lookup_finds(store: Store) -> None:
    phone = record("1", serial="SERIAL1", eas_ids=("ApplX1",), owner="Ädä \u2028 \\'\"", apps=APPS)
    await store.devices.ingest([phone, replace(phone, source="intune", os="android", expires_at=LATER)], NOW)
    await store.devices.ingest([record("2", eas_ids=("ApplX1", "ApplX2"), serial="SERIAL2")], LATER)
    await store.devices.ingest(
        [report_by("jamf", "3", serial="SERIAL3"), report_by("jamf", "4", keys=("key-1",))], NOW
    )
    await store.devices.ingest([report_by("jamf", "4", serial="SERIAL3", keys=("key-1",))], LATER)
    (joined,) = await store.devices.find(KEY, ["key-1"])
    assert joined.former_ids
    await store.devices.mark_lost(joined.id, LATER)
    for kind, texts in ((KEY, ["key-1"]), (EAS, eas_forms("ApplX1")), (EAS, ["applx2"]), (MDM, ["1"])):
        (found,) = await store.devices.find(kind, texts)
        (same,) = await loaded(store, found.number)
        assert all(getattr(found, name) == getattr(same, name) for name in Device.__slots__)
    assert any(device.findings for device in await store.devices.find(EAS, ["applx2"]))


async def test_several_names_lead_to_each_of_their_devices(store: Store) -> None:
    await store.devices.ingest([record(name, keys=(f"key-{name}",)) for name in "abc"], NOW)
    found = await store.devices.find(KEY, ["key-a", "key-c", "key-x"])
    assert found == await loaded(store, *(each.number for each in found))
    assert len(found) == 2


async def test_a_name_that_no_database_keeps_is_found_escaped(store: Store) -> None:
    await store.devices.ingest([record("a\0\ud800", keys=("key-1",))], NOW)
    assert await store.devices.find(MDM, ["a\0\ud800"]) == await store.devices.find(KEY, ["key-1"])
    assert await store.devices.find(MDM, ["%", "' OR 1=1 --", '["key-1"]']) == []


@pytest.mark.parametrize("at", range(6))
async def test_all_that_a_report_may_be_about_is_found_by_one_question(store: Store, at: int) -> None:
    known = [
        record("by-slot"),
        record("by-serial", serial="SERIAL1"),
        record("by-eas", eas_ids=("ApplX1",)),
        record("by-key", keys=("key-1",)),
        record("other", serial="SERIAL2"),
    ]
    await store.devices.ingest(known, NOW)
    news = (
        record("by-slot"),
        record("new", "intune", serial="SERIAL1", eas_ids=("6170706c7831",), keys=("key-1", "key-2")),
        record("new", udid="UDID-1234"),
        record("by-slot", "intune"),
        record("other", serial="SERIAL1", certificates=("cert-1",)),
        record("a\0\ud800' \""),
    )
    report = news[at].received(NOW)
    async with store.devices._database.reading() as connection:
        slowly = await around(connection, [report])
    assert ids(await store.devices.around(report)) == ids(slowly)


async def test_a_joined_device_is_found_by_its_former_ids(store: Store) -> None:
    await store.devices.ingest([record("1", serial="SERIAL1"), record("2", keys=("key-1",))], NOW)
    await store.devices.ingest([record("2", serial="SERIAL1", keys=("key-1",))], NOW)
    await store.devices.ingest([record("2", gone=True)], NOW)
    for name in ("1", "2"):
        report = record(name).received(NOW)
        async with store.devices._database.reading() as connection:
            assert await store.devices.around(report) == await around(connection, [report])
