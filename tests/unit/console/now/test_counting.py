"""Devices are counted in the background."""

from collections import Counter
from datetime import timedelta

from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.console.phones import has, record
from tests.unit.store.test_fleet import a_browser

from mailgate.console.devices.rows import catch_up
from mailgate.console.now.counting import RECOUNT_AFTER, AppCounting, DeviceStates
from mailgate.store import Act


async def counted(firm: Company) -> dict[str, tuple[int, int]]:
    found = await firm.store.app_counts.since(NOW.date())
    return {each.app: (each.people, each.at.minute) for each in found}


async def test_nothing_is_counted_while_the_rows_are_being_made_but_not_for_ever(firm: Company) -> None:
    await has(firm, record("a1", "alice", "tiktok"))
    counting = AppCounting(firm.store, lambda: ["tiktok"], firm.clock)
    await counting.count_if_due()
    assert await counted(firm) == {}
    firm.clock.now = NOW + RECOUNT_AFTER
    await counting.count_if_due()
    assert set(await counted(firm)) == {"tiktok"}


async def test_devices_are_counted_again_after_a_change_or_a_while(firm: Company) -> None:
    keys = ["tiktok"]
    counting = AppCounting(firm.store, lambda: keys, firm.clock)
    await catch_up(firm.store, firm.bundle, NOW)
    await counting.count_if_due()
    assert await counted(firm) == {"tiktok": (0, 0)}
    await has(firm, record("a1", "alice", "tiktok"))
    await catch_up(firm.store, firm.bundle, NOW)
    await counting.count_if_due()
    assert await counted(firm) == {"tiktok": (1, 0)}
    keys.append("wechat")
    await counting.count_if_due()
    assert set(await counted(firm)) == {"tiktok", "wechat"}
    firm.clock.now = NOW + RECOUNT_AFTER
    await counting.count_if_due()
    assert await counted(firm) == {"tiktok": (1, 1), "wechat": (0, 1)}
    firm.clock.now += timedelta(seconds=1)
    await counting.count_if_due()
    assert {at for _, at in (await counted(firm)).values()} == {1}


async def test_devices_are_counted_by_what_people_are_told_of_them(firm: Company) -> None:
    counting = AppCounting(firm.store, lambda: ["tiktok"], firm.clock)
    assert (counting.devices, counting.devices.devices) == (DeviceStates(), 0)
    lost, _, _ = await has(firm, record("a1", "alice"), record("a2", "alice", "tiktok"), record("b1", "bob"))
    await firm.store.devices.mark_lost(lost.id, NOW, Act(NOW, "ada", "device-lost"))
    await catch_up(firm.store, firm.bundle, NOW)
    await counting.count_if_due()
    assert counting.devices == DeviceStates(Counter(lost=1, listed=1, clean=1), NOW)
    assert counting.devices.devices == 3


async def test_people_without_mail_and_refusals_are_counted_with_the_apps(firm: Company) -> None:
    counting = AppCounting(firm.store, lambda: ["tiktok"], firm.clock)
    assert counting.outage is None
    await has(firm, record("a1", "alice", "tiktok"), record("b1", "bob"))
    await catch_up(firm.store, firm.bundle, NOW)
    await counting.count_if_due()
    assert counting.outage
    assert [(each.first_app, each.people) for each in counting.outage.causes] == [("tiktok", 1)]
    assert (counting.outage.having, counting.outage.at) == (2, NOW)
    assert [each.people for each in await firm.store.refused_days.since(NOW.date())] == [0]


async def test_browsers_are_counted_with_the_apps_and_the_page_says_when(firm: Company, ada: Browser) -> None:
    await firm.store.enrolments.take([a_browser("ada")])
    await catch_up(firm.store, firm.bundle, NOW)
    await firm.context.counting.count_if_due()
    await firm.store.enrolments.take([a_browser("bob")])
    page = await ada.get("/console/extension")
    assert "1 reported within a day" in page.words
    assert f'Counted <time datetime="{NOW.isoformat()}"' in page.text
