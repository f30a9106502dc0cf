"""Of which apps no report can tell yet who has them."""

from datetime import timedelta

import pytest
from tests.unit.rollout.examples import rules
from tests.unit.rollout.versions import put_in_force
from tests.unit.store.examples import NOW

from mailgate.policy import AppCatalog
from mailgate.rollout.planning import catalogs_since, unreported
from mailgate.store import Store

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LISTED = "rules: [{id: listed, when: '\"prohibited\" in device.lists', effect: block}, {id: rest, when: 'true', effect: allow}]\n"
SEEN_ALONE = "rules: [{id: seen, when: 'device.absence == \"seen\"', effect: allow}]\n"
CLEAN_ALONE = "rules: [{id: clean, when: 'device.state == \"clean\"', effect: allow}]\n"
WITHOUT = "apps: {tiktok: {name: TikTok}}\nlists: {prohibited: [tiktok]}\n"
ON_NONE = "apps: {tiktok: {name: TikTok}, game: {name: Game}}\nlists: {prohibited: [tiktok]}\n"
ON_IT = "apps: {tiktok: {name: TikTok}, game: {name: Game}}\nlists: {prohibited: [tiktok, game]}\n"


async def in_force(store: Store, ago: timedelta, apps: str) -> None:
    await put_in_force(store, rules(LISTED, apps), at=NOW - ago)


async def named(store: Store, apps: str, policy: str = LISTED) -> list[str]:
    active = await store.policies.active()
    assert active is not None
    version = await store.policies.get(active.number)
    assert version is not None
    old = rules(version.texts["policy.yaml"], version.texts["apps.yaml"]).policy
    return unreported(await catalogs_since(store, active, NOW - DAY), old, rules(policy, apps).policy)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (((200, WITHOUT), (0, ON_NONE)), ["Game"]),
        (((200, WITHOUT), (1, ON_NONE)), ["Game"]),
        (((200, WITHOUT), (23, ON_NONE)), ["Game"]),
        (((200, WITHOUT), (24, ON_NONE)), []),
        (((200, WITHOUT), (100, ON_NONE)), []),
        (((200, ON_NONE), (3, WITHOUT), (2, ON_NONE)), ["Game"]),
        (((1, ON_NONE),), []),
        (((200, WITHOUT), (1, ON_IT)), []),
    ],
    ids=["new now", "new for an hour", "new for 23 hours", "new for a day", "new for days", "away meanwhile", "no report is older than the first version", "what stays as it is"],
)  # fmt: skip
async def test_an_app_counts_as_reported_once_every_report_was_made_with_it(
    store: Store, history: tuple[tuple[int, str], ...], expected: list[str]
) -> None:
    for ago, apps in history:
        await in_force(store, ago * HOUR, apps)
    assert await named(store, ON_IT) == expected


async def test_more_activations_than_are_looked_at_leave_everything_unknown(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ago, apps in ((2, ON_NONE), (1, ON_NONE + "\n")):
        await in_force(store, ago * HOUR, apps)
    assert await named(store, ON_IT) == []
    monkeypatch.setattr("mailgate.rollout.planning._MOST", 2)
    assert await named(store, ON_IT) == ["Game"]


async def test_another_rule_that_reads_it_makes_an_app_unknown_again(store: Store) -> None:
    for ago, apps in ((200, WITHOUT), (1, ON_IT)):
        await in_force(store, ago * HOUR, apps)
    assert await named(store, ON_IT, LISTED.replace("listed", "other")) == ["Game"]


FULL = "{name: Mail, ios: [com.a], android: [com.b], names: [Mail app], publishers: [A, B]}"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (FULL, []),
        ("{name: Mail, android: [com.b], names: [Mail app], publishers: [A, B]}", ["Mail"]),
        ("{name: Mail, ios: [com.a], android: [com.b], publishers: [A, B]}", ["Mail"]),
        ("{name: Mail, ios: [com.a], android: [com.b], names: [Mail app], publishers: [A]}", ["Mail"]),
        ("{name: Mail, ios: [com.a], android: [com.b], names: [Mail app]}", ["Mail"]),
        ("{name: Mail, names: [Mail app]}", ["Mail"]),
        (FULL.replace("com.a", "com.a, com.c"), ["Mail"]),
        (FULL.replace("A, B", "b, a"), []),
        (FULL.replace("com.a", "COM.A"), []),
    ],
)
def test_an_app_that_is_told_otherwise_is_another_app_to_reports(written: str, expected: list[str]) -> None:
    old, new = (
        rules(LISTED, f"apps: {{mail: {each}}}\nlists: {{prohibited: [mail]}}\n").policy
        for each in (FULL, written)
    )
    assert unreported([old.catalog], old, new) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (LISTED, ["Game"]),
        (CLEAN_ALONE, ["Game"]),
        (SEEN_ALONE, ["Game"]),
        (f"default: {{effect: allow}}\n{CLEAN_ALONE}", []),
    ],
)
def test_a_rule_that_allows_the_absence_of_an_app_refuses_its_presence(
    policy: str, expected: list[str]
) -> None:
    old, new = (rules(policy, apps).policy for apps in (ON_NONE, ON_IT))
    assert unreported([rules(policy, WITHOUT).policy.catalog], old, new) == expected
    assert unreported([AppCatalog(), old.catalog], old, old) == []
