"""A change of the rules is called what an admin would call it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.policy.examples import NOW, policy_of

from mailgate.model.apps import AppCatalog, ListedApp
from mailgate.policy.headlines import headlines
from mailgate.policy.rules import Policy

EARLY, AT_ONCE, LATE, LATEST = (NOW + timedelta(days=each) for each in (-5, 0, 5, 9))
RULE = {"id": "phones", "when": 'client.kind == "phone"', "effect": "block"}


def app(key: str, name: str) -> ListedApp:
    return ListedApp(key=key, name=name, ios=(f"com.{key}",))


def listed(
    *keys: str, apps: tuple[str, ...] = ("wechat", "tiktok", "capcut"), **lists: tuple[str, ...]
) -> Policy:
    names = {"wechat": "WeChat", "tiktok": "TikTok", "capcut": "CapCut", "lemon8": "Lemon8"}
    given = lists | ({"prohibited": keys} if keys else {})
    catalog = AppCatalog({key: app(key, names[key]) for key in apps}, given)
    return Policy(policy_of({"effect": "allow"}).rules, catalog=catalog)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (("tiktok",), ("tiktok", "wechat"), ["WeChat joins the prohibited list"]),
        (("tiktok",), ("wechat", "tiktok", "capcut"), ["WeChat and CapCut join the prohibited list"]),
        (
            ("tiktok",),
            ("wechat", "capcut", "lemon8"),
            ["WeChat and 2 others join the prohibited list", "TikTok leaves the prohibited list"],
        ),
        (("tiktok", "wechat", "capcut"), ("capcut",), ["TikTok and WeChat leave the prohibited list"]),
        (("tiktok", "wechat"), ("wechat", "tiktok"), []),
        ((), ("tiktok",), ["New list prohibited with TikTok"]),
        (("tiktok",), (), ["The prohibited list is removed"]),
    ],
)
def test_lists_gain_and_lose_apps_by_their_names(
    old: tuple[str, ...], new: tuple[str, ...], words: list[str]
) -> None:
    every = ("wechat", "tiktok", "capcut", "lemon8")
    assert headlines(listed(*old, apps=every), listed(*new, apps=every), NOW) == [
        (each, None) for each in words
    ]


def test_lists_come_by_name_whether_they_are_new_or_gone() -> None:
    old, new = listed(a=("tiktok",), d=("tiktok",)), listed(c=(), b=("tiktok",), d=("tiktok",))
    assert [words for words, _ in headlines(old, new, NOW)] == [
        "The a list is removed",
        "New list b with TikTok",
        "New list c with nothing",
    ]


def test_the_most_important_change_is_told_first() -> None:
    old = Policy(policy_of(RULE).rules, catalog=listed("tiktok", apps=("tiktok",)).catalog)
    changed = policy_of(RULE | {"effect": "warn"}, effect="allow")
    new = Policy(changed.rules, changed.default, listed("tiktok", "wechat").catalog)
    assert headlines(old, new, NOW) == [
        ("WeChat joins the prohibited list", None),
        ("“phones” warns people now", None),
        ("The rule for everybody else gives people mail now", None),
        ("WeChat and CapCut are listed", None),
    ]


@pytest.mark.parametrize(
    ("default", "words"),
    [
        ({"effect": "warn"}, "The rule for everybody else warns people now"),
        ({"effect": "challenge", "title": "No"}, "The rule for everybody else asks people for proof now"),
        ({"title": "No"}, "The rule for everybody else changes in detail"),
    ],
)
def test_a_change_of_the_default_is_told(default: dict[str, str], words: str) -> None:
    assert headlines(policy_of(RULE), policy_of(RULE, **default), NOW) == [(words, None)]


def test_apps_that_are_listed_no_longer_or_known_by_something_else_are_told() -> None:
    old, new = listed(apps=("tiktok", "wechat", "capcut")), listed(apps=("tiktok",))
    known_by = AppCatalog({"tiktok": ListedApp("tiktok", "TikTok", ios=("com.other",))})
    assert headlines(old, new, NOW) == [("WeChat and CapCut are no longer listed", None)]
    assert headlines(new, replace(new, catalog=known_by), NOW) == [
        ("TikTok is recognised in another way", None)
    ]


STAGED = {"warn": EARLY, "enforce": LATE}


def rule(stages: dict[str, datetime] | None = None, **more: Any) -> dict[str, Any]:
    dated = {stage: at.isoformat() for stage, at in (stages or {}).items()}
    return RULE | ({"stages": dated} if stages else {}) | more


@pytest.mark.parametrize(
    ("before", "after", "words", "date"),
    [
        (None, rule(), "New rule “phones” blocks people", None),
        (None, rule(effect="challenge"), "New rule “phones” asks people for proof", None),
        (None, rule(effect="warn"), "New rule “phones” warns people", None),
        (None, rule(effect="allow"), "New rule “phones” gives people mail", None),
        (None, rule({"enforce": AT_ONCE}), "New rule “phones” blocks people", None),
        (None, rule({"warn": LATE, "enforce": LATEST}), "“phones” starts on", LATE),
        (None, rule({"report_only": EARLY}), "“phones” watches from", EARLY),
        (None, rule(STAGED), "“phones” warns from", EARLY),
        (rule(), None, "“phones” is removed", None),
        (rule(), rule(effect="warn", share="5%"), "“phones” warns people now", None),
        (rule(), rule({"warn": LATE}, effect="warn"), "“phones” would do something else", None),
        (rule(), rule({"report_only": EARLY}, effect="warn"), "“phones” would do something else", None),
        (rule(), rule({"warn": EARLY}, effect="challenge"), "“phones” warns people now", None),
        (rule(), rule({"enforce": LATE}, share="5%"), "“phones” blocks people from", LATE),
        (rule(STAGED), rule(STAGED | {"enforce": LATEST}), "“phones” blocks people from", LATEST),
        (rule(STAGED), rule({"report_only": EARLY, "warn": LATE}), "“phones” watches from", EARLY),
        (rule({"warn": LATE}), rule({"warn": EARLY}), "“phones” warns from", EARLY),
        (rule(STAGED), rule({"warn": EARLY}), "“phones” has fewer stages", None),
        (rule({"enforce": LATE}), rule(), "“phones” blocks people at once", None),
        (rule(), rule(share="2.5%", groups=("pilot",)), "“phones” applies to 2.5% of people", None),
        (rule(share="25%"), rule(), "“phones” applies to 100% of people", None),
        (rule(), rule(groups=("it", "hr"), when="true"), "“phones” applies to it, hr", None),
        (rule(groups=("it",)), rule(when="true"), "“phones” applies to everybody", None),
        (rule(when="false"), rule(when="true", title="Phones"), "“Phones” has another condition", None),
        (rule(when="true"), rule(when="false"), "“phones” has another condition", None),
        (rule(), rule(title="Phones"), "“Phones” changes in detail", None),
    ],
)
def test_a_rule_is_told_by_the_weightiest_thing_that_changes(
    before: dict[str, Any] | None, after: dict[str, Any] | None, words: str, date: datetime | None
) -> None:
    rest = {"id": "rest", "effect": "allow"}
    old, new = (policy_of(*([each] if each else []), rest) for each in (before, after))
    assert headlines(old, new, NOW) == [(words, date)]


@pytest.mark.parametrize("order", ["abc", "cab"])
def test_rules_in_another_order_are_told_and_those_that_come_between_are_none(order: str) -> None:
    first, second = (policy_of(*({"id": each, "effect": "allow"} for each in ids)) for ids in (order, "bdac"))
    assert headlines(first, second, NOW) == [
        ("New rule “d” gives people mail", None),
        ("Rules are read in another order", None),
    ]
    between = policy_of(*({"id": each, "effect": "allow"} for each in f"{order[0]}d{order[1:]}"))
    assert headlines(first, between, NOW) == [("New rule “d” gives people mail", None)]
