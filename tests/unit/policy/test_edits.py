"""A small change says whether a policy has it, which one place it is about, and what it is called."""

import pytest
from pydantic import TypeAdapter, ValidationError
from tests.unit.rollout.examples import rules

from mailgate.policy.edits import (
    Edit,
    ListEdit,
    ProhibitEdit,
    RulePlace,
    ShareEdit,
    StageEdit,
    WrittenMoment,
    WrittenShare,
    place_for,
    places,
    taken_back,
)
from mailgate.policy.written import SHARE

POLICY = """
rules:
  - {id: above, when: "true", effect: warn}
  - {id: shut, title: No TikTok, when: "true", effect: block, share: 25%, stages: {warn: 2026-12-01, enforce: 2026-12-08}}
  - {id: rest, when: "true", effect: allow}
"""
FOUND = rules(POLICY).policy
READ: TypeAdapter[Edit] = TypeAdapter(Edit)

CASES: tuple[tuple[Edit, bool, str], ...] = (
    (ListEdit(change="join-list", app="tiktok", list="prohibited"), True, "TikTok joins the prohibited list"),
    (ListEdit(change="leave-list", app="tiktok", list="prohibited"), False, "TikTok leaves the prohibited list"),
    (StageEdit(change="move-stage", rule="shut", stage="warn", at="2026-12-01T01:00:00+01:00"), True, "No TikTok: starts to warn 1 December 2026"),
    (StageEdit(change="move-stage", rule="shut", stage="enforce", at="2026-12-09"), False, "No TikTok: starts to apply 9 December 2026"),
    (StageEdit(change="move-stage", rule="shut", stage="enforce", at="2026-12-07"), False, "No TikTok: starts to apply 7 December 2026"),
    (StageEdit(change="move-stage", rule="shut", stage="enforce", at="2026-12-09T09:30:00+01:00"), False, "No TikTok: starts to apply 2026-12-09 08:30 UTC"),
    (ShareEdit(change="set-share", rule="shut", share="25.0%"), True, "No TikTok: applies to 25.0% of people"),
    (ShareEdit(change="set-share", rule="shut", share="24%"), False, "No TikTok: applies to 24% of people"),
    (ShareEdit(change="set-share", rule="shut", share="26%"), False, "No TikTok: applies to 26% of people"),
    (StageEdit(change="move-stage", rule="shut", stage="report_only", at="2026-11-30"), False, "No TikTok: starts to watch 30 November 2026"),
    (ListEdit(change="join-list", app="gone", list="unheard-of"), False, "gone joins the unheard-of list"),
    (ListEdit(change="leave-list", app="gone", list="prohibited"), True, "gone leaves the prohibited list"),
    (StageEdit(change="move-stage", rule="above", stage="warn", at="2026-12-01"), False, "above: starts to warn 1 December 2026"),
    (StageEdit(change="move-stage", rule="gone", stage="warn", at="2026-12-01"), False, "gone: starts to warn 1 December 2026"),
    (ShareEdit(change="set-share", rule="rest", share="100%"), True, "rest: applies to 100% of people"),
    (ShareEdit(change="set-share", rule="gone", share="25%"), False, "gone: applies to 25% of people"),
)  # fmt: skip


@pytest.mark.parametrize(("edit", "holds", "title"), CASES)
def test_a_change_knows_whether_it_is_there_and_what_it_is_called(
    edit: Edit, holds: bool, title: str
) -> None:
    assert (edit.is_in(FOUND), edit.title(FOUND)) == (holds, title)
    assert READ.validate_json(READ.dump_json(edit)) == edit


def test_the_place_of_a_change_is_one_that_policies_are_compared_by() -> None:
    assert {edit.place for edit, _, _ in CASES[:9]} == {
        ("list prohibited", "tiktok"),
        ("rule shut", "stages.warn"),
        ("rule shut", "stages.enforce"),
        ("rule shut", "share"),
    }
    assert {edit.place for edit, _, _ in CASES[:9]} <= set(places(FOUND))


def test_moments_and_shares_stay_as_they_are_written_and_editors_know_them() -> None:
    moment, share = TypeAdapter(WrittenMoment), TypeAdapter(WrittenShare)
    assert [share.validate_python(each) for each in ("0%", "12.50%")] == ["0%", "12.50%"]
    assert moment.validate_python("2026-12-01T01:00:00+01:00") == "2026-12-01T01:00:00+01:00"
    assert share.json_schema() == {"type": "string", "pattern": SHARE}
    assert moment.json_schema() == {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}


@pytest.mark.parametrize(
    "sent",
    [
        {"change": "set-share", "rule": "shut", "share": "150%"},
        {"change": "set-share", "rule": "shut", "share": "5%\n# more"},
        {"change": "move-stage", "rule": "shut", "stage": "pending", "at": "2026-12-01"},
        {"change": "move-stage", "rule": "shut", "stage": "warn", "at": "2026-13-01"},
        {"change": "move-stage", "rule": "shut", "stage": "warn", "at": "2026-12-01T09:00:00"},
        {"change": "join-list", "app": "a: b", "list": "prohibited"},
        {"change": "rename", "rule": "shut"},
    ],
)  # fmt: skip
def test_a_malformed_edit_is_refused(sent: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        READ.validate_python(sent)


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
def test_each_kind_of_change_is_missed_only_in_files_without_it(name: str) -> None:
    policy, apps, about = CHANGES[name]
    base, active = rules(ONE, APPS).policy, rules(policy, apps).policy
    assert [each.about for each in taken_back(base, active, base)] == about
    assert taken_back(base, active, active) == ()
    elsewhere = rules(f"{policy}# a comment\n", apps).policy
    assert taken_back(base, active, elsewhere) == ()


def test_another_change_in_the_files_takes_nothing_back() -> None:
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


APPS_PROHIBITING = "apps: {wechat: {name: WeChat}, tiktok: {name: TikTok}}\nlists: {prohibited: [tiktok]}\n"
LAPTOP = "{id: laptop, when: 'client.kind == \"laptop\"', effect: allow}"
LISTED = "{id: listed, when: 'client.handheld && \"prohibited\" in device.lists', effect: block}"
CLEAN = "{id: clean, when: 'client.handheld && device.state == \"clean\"', effect: allow}"
REST = "{id: rest, when: client.handheld, effect: allow}"
BOSS = "{id: boss, when: 'user.name == \"boss\"', effect: allow}"
SHUT = "{id: shut, when: client.handheld, effect: block}"
TABLETS = "{id: tablets, when: 'client.kind == \"tablet\"', effect: allow}"
PART = "{id: part, when: client.handheld, effect: allow, share: 50%}"
OTHER = "{id: other, when: 'client.handheld && \"tiktok\" in device.apps', effect: block}"
GONE = "{id: gone, when: 'client.handheld && !(\"wechat\" in device.apps)', effect: allow}"
WARNS = "{id: warns, when: client.handheld, effect: warn}"

PLACES = {
    "before whoever lets in all": ((LAPTOP, LISTED, REST), RulePlace(2)),
    "an exception stays one": ((BOSS, LISTED, REST), RulePlace(2, before=("boss",))),
    "a rule that may refuse is read before": ((LISTED, REST), RulePlace(1)),
    "a warning could help whom the default refuses": ((LAPTOP, LISTED, CLEAN), RulePlace(2, softens=True)),
    "a warning could help whom a later rule refuses": ((REST, SHUT), RulePlace(0, softens=True)),
    "a share of people is not all of them": ((PART,), RulePlace(0, softens=True)),
    "another warning counts as mail": ((WARNS,), RulePlace(0)),
    "a warning could help whom a rule about another app refuses": (
        (CLEAN, OTHER, REST),
        RulePlace(2, before=("clean",)),
    ),
    "a rule about another app is the last that refuses": ((LISTED, CLEAN, OTHER), RulePlace(1, softens=True)),
    "whom a rule lets in without the app": ((GONE, LISTED), RulePlace(None)),
    "nobody gets mail": ((LAPTOP, LISTED), RulePlace(None)),
    "of another kind": ((TABLETS, LISTED), RulePlace(None)),
}


def prohibited(where: str = "phones") -> ProhibitEdit:
    return ProhibitEdit.model_validate(
        {"change": "prohibit", "app": "wechat", "rule": "wechat", "words": "No WeChat", "where": where}
    )


@pytest.mark.parametrize("name", PLACES)
def test_the_rule_stands_where_it_refuses_and_never_helps(name: str) -> None:
    read, wanted = PLACES[name]
    policy = rules("rules:\n" + "".join(f"  - {each}\n" for each in read), APPS_PROHIBITING).policy
    assert place_for(policy, prohibited()) == wanted


def test_a_default_that_gives_mail_is_the_last_rule() -> None:
    policy = rules(f"default: {{effect: allow}}\nrules:\n  - {LISTED}\n", APPS_PROHIBITING).policy
    assert place_for(policy, prohibited()) == RulePlace(1)
    tablets = rules(f"rules:\n  - {TABLETS}\n  - {LISTED}\n", APPS_PROHIBITING).policy
    assert place_for(tablets, prohibited("tablets")) == RulePlace(0, softens=True)
