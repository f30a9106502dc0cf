"""Listed apps, day by day."""

from datetime import date

from tests.unit.store.examples import NOW

from mailgate.devices.trust import report_by
from mailgate.store import Store
from mailgate.store.app_counts import AppDay
from mailgate.store.device_rows import DeviceRow

DAY = date(2026, 12, 1)


async def test_people_and_devices_are_counted_by_their_rows(store: Store) -> None:
    for name, person, mail, apps in (
        ("a", "ada", "kept-out", '["tiktok"]'),
        ("b", "ada", "kept-out", '["tiktok", "wechat"]'),
        ("c", "bob", "gets-mail", '["tiktok"]'),
        ("d", "", "kept-out", '["tiktok"]'),
    ):
        await store.devices.take([report_by("intune", name, person)], NOW)
        found = await store.devices.get("intune", name)
        assert found
        await store.rows.keep([DeviceRow(found.number, person, mail=mail, apps=apps)])
    counted = await store.apps.count(DAY, ["tiktok", "wechat", "capcut"], ["kept-out"])
    assert counted == [
        AppDay(DAY, "tiktok", 2, 4, 1, 3),
        AppDay(DAY, "wechat", 1, 1, 1, 1),
        AppDay(DAY, "capcut", 0, 0, 0, 0),
    ]


async def test_a_later_count_of_a_day_takes_the_place_of_the_one_before(store: Store) -> None:
    await store.apps.keep([])
    await store.apps.keep([AppDay(date(2026, 1, 1), "tiktok", 1, 1, 1, 1), AppDay(DAY, "tiktok", 1, 1, 1, 1)])
    await store.apps.keep([AppDay(DAY, "tiktok", 5, 6, 3, 4)])
    assert await store.apps.since(date(2025, 1, 1)) == [AppDay(DAY, "tiktok", 5, 6, 3, 4)]  # the old one went
    assert await store.apps.since(date(2026, 12, 2)) == []
