"""A change of the rules is called what an admin would call it."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.policy.examples import NOW, policy_of

from mailgate.policy.apps import AppCatalog, ListedApp
from mailgate.policy.headlines import headlines
from mailgate.policy.rules import Policy

EARLIER, LATER = ((NOW + timedelta(days=each)).isoformat() for each in (-5, 5))
RULE = {"id": "phones", "when": 'client.kind == "phone"', "effect": "block"}


def app(key: str, name: str) -> ListedApp:
    return ListedApp(key=key, name=name, ios=(f"com.{key}",))


def listed(*keys: str, apps: tuple[str, ...] = ("wechat", "tiktok", "capcut")) -> Policy:
    names = {"wechat": "WeChat", "tiktok": "TikTok", "capcut": "CapCut"}
    catalog = AppCatalog({key: app(key, names[key]) for key in apps}, {"prohibited": keys} if keys else {})
    return Policy(policy_of({"effect": "allow"}).rules, catalog=catalog)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (("tiktok",), ("tiktok", "wechat"), "WeChat joins the prohibited list"),
        (("tiktok",), ("tiktok", "wechat", "capcut"), "WeChat and CapCut join the prohibited list"),
        (("tiktok", "wechat"), ("tiktok",), "WeChat leaves the prohibited list"),
        ((), ("tiktok",), "New list prohibited with TikTok"),
        (("tiktok",), (), "The prohibited list is removed"),
    ],
)
def test_lists_gain_and_lose_apps_by_their_names(
    old: tuple[str, ...], new: tuple[str, ...], words: str
) -> None:
    assert headlines(listed(*old), listed(*new), NOW) == [(words, None)]


def test_apps_that_are_listed_now_are_told_last() -> None:
    found = headlines(listed("tiktok", apps=("tiktok",)), listed("tiktok", "wechat"), NOW)
    assert [words for words, _ in found] == [
        "WeChat joins the prohibited list",
        "WeChat and CapCut are listed",
    ]


@pytest.mark.parametrize(
    ("before", "after", "words", "dated"),
    [
        (None, RULE, "New rule 'phones' keeps people out", False),
        (None, RULE | {"stages": {"warn": LATER}}, "Rule 'phones' starts on", True),
        (None, RULE | {"stages": {"report_only": EARLIER}}, "Rule 'phones' only reports from", True),
        (None, RULE | {"stages": {"warn": EARLIER, "enforce": LATER}}, "Rule 'phones' warns from", True),
        (RULE, None, "Rule 'phones' is removed", False),
        (RULE, RULE | {"effect": "warn"}, "Rule 'phones' warns people now", False),
        (
            RULE,
            RULE | {"effect": "warn", "stages": {"warn": LATER}},
            "Rule 'phones' would do something else",
            False,
        ),
        (
            RULE,
            RULE | {"effect": "challenge", "stages": {"warn": EARLIER}},
            "Rule 'phones' warns people now",
            False,
        ),
        (RULE, RULE | {"stages": {"enforce": LATER}}, "Rule 'phones' is enforced from", True),
        (RULE | {"stages": {"enforce": LATER}}, RULE, "Rule 'phones' is enforced at once", False),
        (RULE, RULE | {"share": "25%"}, "Rule 'phones' applies to 25 % of people", False),
        (RULE, RULE | {"when": "client.handheld"}, "Rule 'phones' has another condition", False),
        (RULE, RULE | {"title": "Phones"}, "Rule 'phones' changes in detail", False),
    ],
)
def test_a_rule_is_told_by_the_weightiest_thing_that_changes(
    before: dict[str, Any] | None, after: dict[str, Any] | None, words: str, dated: bool
) -> None:
    rest = {"id": "rest", "effect": "allow"}
    old, new = (policy_of(*([each] if each else []), rest) for each in (before, after))
    ((told, at),) = headlines(old, new, NOW)
    assert (told, at is not None) == (words, dated)


def test_rules_in_another_order_are_told() -> None:
    other = {"id": "other", "effect": "allow"}
    assert headlines(policy_of(RULE, other), policy_of(other, RULE), NOW) == [
        ("Rules are read in another order", None)
    ]
