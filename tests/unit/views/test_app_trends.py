"""Listed apps, day by day, as facts."""

from datetime import timedelta

from tests.unit.console.browsing import NOW, Company
from tests.unit.console.conftest import empty_store, firm
from tests.unit.console.phones import has, record

from mailgate.store.app_counts import AppDay
from mailgate.views.app_trends import count_apps, trends_of
from mailgate.views.device_rows import catch_up

__all__ = ["empty_store", "firm"]


async def test_today_is_counted_by_rows_and_told_with_the_days_before(firm: Company) -> None:
    await has(firm, record("a1", "alice", "tiktok"), record("b1", "bob"))
    await catch_up(firm.store, firm.bundle, NOW)
    await firm.store.app_counts.keep([AppDay((NOW - timedelta(days=1)).date(), "tiktok", 3, 3, 2, 2, NOW)])
    await count_apps(firm.store, firm.bundle.policy.catalog.apps, NOW)
    (trend,) = await trends_of(firm.store, firm.bundle, NOW, 14)
    assert (trend.app, trend.name) == ("tiktok", "TikTok")
    assert [(each.people, each.kept_out_people) for each in trend.days] == [(3, 2), (1, 1)]
