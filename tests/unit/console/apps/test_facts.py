"""What is said of a listed app: its lists, the rules that keep it out, who has it, and since when it is more."""

from datetime import timedelta

from tests.unit.console.browsing import NOW as TODAY
from tests.unit.console.browsing import Company
from tests.unit.console.conftest import firm
from tests.unit.console.phones import has, record
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

from mailgate.console.apps.facts import apps, count_apps, prohibiting, trends_of
from mailgate.console.devices.rows import catch_up
from mailgate.policy import Policy
from mailgate.store import Store
from mailgate.store.counts import AppDay

POLICY = """
rules:
  - {id: seen, when: '"seen" in device.lists', effect: warn}
  - {id: shut, title: No TikTok, when: '"prohibited" in device.lists || "wechat" in device.apps', effect: block}
  - {id: open, when: "true", effect: allow}
"""
APPS = """
apps: {tiktok: {name: TikTok, vendor: ByteDance}, wechat: {name: WeChat}, alipay: {name: Alipay}}
lists: {prohibited: [tiktok], seen: [alipay]}
"""


def policy() -> Policy:
    return rules(POLICY, APPS).policy


async def counted(store: Store, app: str, days: int, people: int, devices: int) -> None:
    at = NOW - timedelta(days=days)
    await store.app_counts.keep([AppDay(at.date(), app, people, devices, 0, 0, at)])


async def test_an_app_says_which_rules_keep_it_out_and_which_lists_would(store: Store) -> None:
    found = {each.key: each for each in await apps(store, policy(), NOW)}
    assert [(each.rule, each.title) for each in found["tiktok"].kept_out_by] == [("shut", "No TikTok")]
    assert found["tiktok"].lists == ["prohibited"]
    assert [each.rule for each in found["wechat"].kept_out_by] == ["shut"]
    assert found["alipay"].kept_out_by == []


async def test_the_people_with_an_app_are_unknown_until_counted(store: Store) -> None:
    (first, *_) = await apps(store, policy(), NOW)
    assert (first.people, first.devices, first.counted_at, first.week, first.trend) == (
        None,
        None,
        None,
        None,
        [],
    )


async def test_the_most_common_app_comes_first_with_its_week(store: Store) -> None:
    for days, people, devices in ((40, 90, 90), (8, 2, 2), (6, 3, 3), (0, 5, 7)):
        await counted(store, "wechat", days, people, devices)
    await counted(store, "tiktok", 0, 1, 1)
    wechat, tiktok, alipay = await apps(store, policy(), NOW)
    assert (wechat.key, wechat.people, wechat.devices, wechat.week) == ("wechat", 5, 7, 5)
    assert [each.devices for each in wechat.trend] == [2, 3, 7]
    assert (tiktok.week, alipay.key) == (None, "alipay")


def test_lists_that_rules_name_come_once_and_in_their_order() -> None:
    assert prohibiting(policy().rules) == ["seen", "prohibited"]


__all__ = ["firm"]


async def test_today_is_counted_by_rows_and_told_with_the_days_before(firm: Company) -> None:
    await has(firm, record("a1", "alice", "tiktok"), record("b1", "bob"))
    await catch_up(firm.store, firm.bundle, TODAY)
    await firm.store.app_counts.keep(
        [AppDay((TODAY - timedelta(days=1)).date(), "tiktok", 3, 3, 2, 2, TODAY)]
    )
    await count_apps(firm.store, firm.bundle.policy.catalog.apps, TODAY)
    (trend,) = await trends_of(firm.store, firm.bundle, TODAY, 14)
    assert (trend.app, trend.name) == ("tiktok", "TikTok")
    assert [(each.people, each.kept_out_people) for each in trend.days] == [(3, 2), (1, 1)]
