"""A rule that prohibits an app stands where it decides whom others let in, and where a warning takes the place of no refusal."""

import pytest
from tests.unit.rollout.examples import rules

from mailgate.policy.edits import ProhibitEdit
from mailgate.policy.prohibiting import RulePlace, place_for

APPS = "apps: {wechat: {name: WeChat}, tiktok: {name: TikTok}}\nlists: {prohibited: [tiktok]}\n"
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
    policy = rules("rules:\n" + "".join(f"  - {each}\n" for each in read), APPS).policy
    assert place_for(policy, prohibited()) == wanted


def test_a_default_that_gives_mail_is_the_last_rule() -> None:
    policy = rules(f"default: {{effect: allow}}\nrules:\n  - {LISTED}\n", APPS).policy
    assert place_for(policy, prohibited()) == RulePlace(1)
    tablets = rules(f"rules:\n  - {TABLETS}\n  - {LISTED}\n", APPS).policy
    assert place_for(tablets, prohibited("tablets")) == RulePlace(0, softens=True)
