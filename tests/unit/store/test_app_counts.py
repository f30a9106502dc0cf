"""Who has which listed app is counted among rows of devices, by the index of that column, and kept for each day."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.store.examples import NOW
from tests.unit.store.steps import scanned, steps_of

from mailgate.devices.trust import report_by
from mailgate.store import Store
from mailgate.store.app_counts import AppCount
from mailgate.store.device_rows import DeviceRow

TODAY = NOW.date()


@pytest.fixture
async def filled(store: Store) -> Store:
    """Two phones of ada, one of bob and one of nobody."""
    await store.devices.take([report_by("mdm", f"{n}", serial=f"SERIAL{n}") for n in range(5)], NOW)
    has = (
        ("ada", '["tiktok"]'),
        ("ada", '["tiktok", "wechat"]'),
        ("bob", '["tiktok-lite"]'),
        ("", '["wechat"]'),
        ("cy", ""),
    )
    rows = [
        DeviceRow(device.number, person, apps=apps)
        for device, (person, apps) in zip(await store.devices.page(), has, strict=True)
    ]
    await store.rows.keep(rows)
    return store


async def test_people_and_devices_are_counted_and_a_key_is_no_part_of_another(filled: Store) -> None:
    counts = await filled.app_counts.count(["tiktok", "tiktok-lite", "wechat", "alipay"], NOW)
    assert [(each.app, each.people, each.devices) for each in counts] == [
        ("tiktok", 1, 2), ("tiktok-lite", 1, 1), ("wechat", 1, 2), ("alipay", 0, 0),
    ]  # fmt: skip
    assert {(each.day, each.at) for each in counts} == {(TODAY, NOW)}


async def test_only_devices_with_a_listed_app_are_gone_through(filled: Store) -> None:
    steps = await steps_of(filled, lambda store: store.app_counts.count(["tiktok"], NOW))
    assert "ix_device_rows_apps" in steps
    assert scanned(steps) == []


async def test_of_a_day_the_last_count_is_kept_and_old_days_are_let_go(store: Store) -> None:
    first = AppCount(TODAY, "tiktok", 1, 2, NOW)
    later = replace(first, people=3, at=NOW + timedelta(hours=1))
    old = replace(first, day=TODAY - timedelta(days=40))
    await store.app_counts.keep([first, old])
    await store.app_counts.keep([later])
    assert await store.app_counts.since(TODAY) == [later]
    assert await store.app_counts.prune(NOW - timedelta(days=30)) == 1
    assert await store.app_counts.since(old.day) == [later]
