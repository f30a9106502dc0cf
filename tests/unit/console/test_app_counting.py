"""Apps are counted again where devices or the list have changed, and now and then."""

from datetime import timedelta

from tests.unit.console.browsing import NOW, Company
from tests.unit.console.phones import has, record

from mailgate.console.app_counting import RECOUNT_AFTER, AppCounting
from mailgate.views.device_rows import catch_up


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


async def test_it_is_counted_again_where_something_has_changed_or_time_has_passed(firm: Company) -> None:
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
