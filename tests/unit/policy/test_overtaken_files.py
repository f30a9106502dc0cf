"""What files would take back: every place that is otherwise in force than when they last held it, and that they lack."""

import pytest
from tests.unit.rollout.examples import rules

from mailgate.policy.overtaken_files import places, taken_back

ONE = "rules: [{id: one, when: 'true', effect: block, share: 10%}, {id: two, when: 'true', effect: allow}]\n"
TURNED = (
    "rules: [{id: two, when: 'true', effect: allow}, {id: one, when: 'true', effect: block, share: 10%}]\n"
)
APPS = "apps: {tiktok: {name: TikTok}, wechat: {name: WeChat}}\nlists: {prohibited: [tiktok]}\n"
CHANGES = {
    "a share": (ONE.replace("10%", "20%"), APPS, ["rule one"]),
    "a field that is new": (ONE.replace("share: 10%", "share: 10%, title: One"), APPS, ["rule one"]),
    "a field that is gone": (ONE.replace(", share: 10%", ""), APPS, ["rule one"]),
    "a rule that is gone": (ONE.replace("{id: two, when: 'true', effect: allow}", ""), APPS, ["rule two"]),
    "a rule that is new": (
        ONE.replace("[", "[{id: zero, when: 'true', effect: warn}, "),
        APPS,
        ["rule zero"],
    ),
    "the order": (TURNED, APPS, ["rule two"]),
    "the default": (f"default: {{effect: allow}}\n{ONE}", APPS, ["default"]),
    "an app on a list": (ONE, APPS.replace("[tiktok]", "[tiktok, wechat]"), ["list prohibited"]),
    "an app off a list": (ONE, APPS.replace("[tiktok]", "[wechat]"), ["list prohibited", "list prohibited"]),
    "a list": (ONE, APPS.replace("lists: {", "lists: {seen: [], "), ["list seen"]),
    "an app": (ONE, APPS.replace("{tiktok", "{alipay: {name: Alipay}, tiktok"), ["app alipay"]),
    "how an app is known": (ONE, APPS.replace("name: TikTok", "name: TikTok, ios: [a.b]"), ["app tiktok"]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_kind_of_change_is_missed_where_files_lack_it_and_not_where_they_have_it(name: str) -> None:
    policy, apps, about = CHANGES[name]
    base, active = rules(ONE, APPS).policy, rules(policy, apps).policy
    assert [each.about for each in taken_back(base, active, base)] == about
    assert taken_back(base, active, active) == ()
    elsewhere = rules(f"{policy}# a comment\n", apps).policy
    assert taken_back(base, active, elsewhere) == ()


def test_what_the_files_change_elsewhere_is_theirs() -> None:
    base, active = rules(ONE, APPS).policy, rules(ONE.replace("10%", "20%"), APPS).policy
    theirs = ONE.replace("allow", "allow, share: 50%"), APPS.replace("[tiktok]", "[tiktok, wechat]")
    (lost,) = taken_back(base, active, rules(*theirs).policy)
    assert str(lost) == "~ rule one: the share of people is `20%` now, was `10%`"
    titled = rules(ONE.replace("10%", "20%, title: One"), APPS).policy
    assert taken_back(base, active, titled) == ()


def test_a_rule_that_the_files_put_between_is_no_change_of_the_order() -> None:
    base, active = rules(ONE, APPS).policy, rules(TURNED, APPS).policy
    between = TURNED.replace("}, {id: one", "}, {id: new, when: 'true', effect: warn}, {id: one")
    assert taken_back(base, active, rules(between, APPS).policy) == ()


def test_everything_in_a_policy_has_a_place_of_its_own() -> None:
    policy = rules(
        f"default: {{effect: warn}}\n{ONE}", APPS.replace("{prohibited", "{seen: [], prohibited")
    ).policy
    of_both = {"when": "true", "groups": "", "on_unavailable": "last_known"}
    one = {"id": "one", "effect": "block", "share": "10%"} | of_both
    two = {"id": "two", "effect": "allow", "share": "100%"} | of_both
    assert places(policy) == {
        **{("rule one", name): value for name, value in one.items()},
        **{("rule two", name): value for name, value in two.items()},
        ("rule two", "is read after", "one"): "",
        ("default", "effect"): "warn",
        ("default", "reason"): "no-rule-matched",
        ("app tiktok",): repr(policy.catalog.apps["tiktok"]),
        ("app wechat",): repr(policy.catalog.apps["wechat"]),
        ("list seen",): "",
        ("list prohibited",): "",
        ("list prohibited", "tiktok"): "",
    }


def test_two_policies_that_say_the_same_have_the_same_places() -> None:
    block = "rules:\n  - id: one\n    when: 'true'\n    effect: block\n    share: 10.0%\n  - {id: two, when: 'true', effect: allow}\n"
    assert places(rules(ONE, APPS).policy) == places(rules(block, APPS).policy)
